"""The profile of HunyuanOCR (1.0 and 1.5), which reads a whole page end to end.

Its authors read with an empty system message, and with a repetition penalty of 1.08 (1.5). The
penalty is left out, as for all families: it also falls on words that a page does repeat. Pages that
loop are read again under the n-gram guard.
"""

from __future__ import annotations

from functools import partial

from schemas import tokens
from workers.engines.grammars import parsers
from workers.engines.profiles.profile import STRONGER, Mode, Profile

_FEWEST_PX, _MOST_PX = 512 * 512, 2048 * 2048

HUNYUAN_OCR = Profile(
    name="hunyuan-ocr",
    model_types=("hunyuan_vl",),
    modes=(
        Mode(
            "native",
            partial(tokens.hunyuan, _FEWEST_PX, _MOST_PX),
            {"size": {"shortest_edge": _FEWEST_PX, "longest_edge": _MOST_PX}},
        ),
    ),
    default_mode="native",
    # The prompts `doc_parse`, `structured_parse`, `layout_parse` and `chart_parse`. The one for
    # lines and their places is 检测并识别图片中的文字，将文本坐标格式化输出。
    prompts={
        "markdown": "提取文档图片中正文的所有信息用markdown格式表示，其中页眉、页脚部分忽略，"
        "表格用html格式表达，文档中公式用latex格式表示，按照阅读顺序组织进行解析。",
        "text": "提取图中的文字。",
        "grounded": "提取文档图片中所有内容用markdown格式表示，表格用html格式表达，"
        "文档中公式用latex格式表示，请按照阅读顺序组织进行全文解析，并输出版式分析信息。",
        "figure": "解析图中的图表，对于流程图使用Mermaid格式表示，其他图表使用Markdown格式表示。",
    },
    template="chat",
    system="",
    parse=parsers.hunyuan,
    stronger=STRONGER,
    sources=(
        "arXiv 2511.19575",
        "arXiv 2607.04884",
        "https://github.com/Tencent-Hunyuan/HunyuanOCR (inference/utils/tasks.py, output_utils.py)",
        "https://huggingface.co/tencent/HunyuanOCR (preprocessor_config.json)",
    ),
)
