// Keys, and the marking of a block under the pointer. Every page works without it.
"use strict";

const isTyping = (element) => element.matches("input:not([type=checkbox]), textarea, select");

// An element says by `data-key` which keys stand for it: fields are focused, others clicked.
function press(key) {
  const target = [...document.querySelectorAll("[data-key]")]
    .find((element) => element.dataset.key.split(" ").includes(key));
  if (!target) return false;
  if (isTyping(target)) target.focus(); else target.click();
  return true;
}

// Through the rows of a list.
function step(by) {
  const cards = [...document.querySelectorAll("[data-card]")];
  if (!cards.length) return false;
  const place = cards.indexOf(document.activeElement);
  const next = place < 0 ? (by > 0 ? 0 : cards.length - 1) : place + by;
  if (!cards[next]) return false;
  cards[next].focus();
  return true;
}

const STEPS = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  const isDone = press(event.key) || (event.key in STEPS && step(STEPS[event.key]));
  if (isDone) event.preventDefault();
});

document.querySelector("[href='#keys']")?.addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("keys").showModal();
});

// A block and its text are marked together.
function mark(event) {
  const block = event.target.closest?.("[data-block]")?.dataset.block;
  for (const element of document.querySelectorAll("[data-block]")) {
    element.classList.toggle("marked", element.dataset.block === block);
  }
}

document.addEventListener("pointerover", mark);
document.addEventListener("focusin", mark);
