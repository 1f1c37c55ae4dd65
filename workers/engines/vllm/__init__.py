"""workers/engines/vllm."""
