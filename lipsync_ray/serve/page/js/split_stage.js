/** Source and dub on top of each other, parted by a line that can be moved. */

import { h } from "./dom.js";

const STEP = 2; // percent, of an arrow key
const WIDE = 10; // with Shift

/**
 * @param {HTMLElement} after
 * @param {HTMLElement|null} before null: the dub is shown alone
 * @returns {{node: HTMLElement, shape: (width: number, height: number) => void, swap: (other: HTMLElement) => void, alone: () => void}}
 */
export function splitStage(after, before) {
  const grip = h("div", {
    class: "split-grip",
    role: "slider",
    tabindex: "0",
    "aria-label": "Line between before and after",
    "aria-orientation": "horizontal",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  });
  const clip = h("div", { class: "pane clip" }, before);
  const tags = [
    h("span", { class: "tag tag-before" }, "Before"),
    h("span", { class: "tag tag-after" }, "After"),
  ];
  const node = h(
    "div",
    { class: "split-stage" },
    h("div", { class: "pane" }, after),
    before && clip,
    ...(before ? [...tags, grip] : []),
  );
  let split = 50;

  const put = (value) => {
    split = Math.max(0, Math.min(100, value));
    node.style.setProperty("--split", `${split}%`);
    const told = Math.round(split);
    grip.setAttribute("aria-valuenow", String(told));
    grip.setAttribute("aria-valuetext", `${told} % before, ${100 - told} % after`);
    node.classList.toggle("all-after", split < 8);
    node.classList.toggle("all-before", split > 92);
  };
  const drag = (event) => {
    const { left, width } = node.getBoundingClientRect();
    put((100 * (event.clientX - left)) / width);
  };

  if (before) {
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      node.setPointerCapture(event.pointerId);
      drag(event);
      grip.focus({ preventScroll: true });
      event.preventDefault();
    });
    node.addEventListener("pointermove", (event) => {
      if (node.hasPointerCapture(event.pointerId)) drag(event);
    });
    grip.addEventListener("keydown", (event) => {
      const far = event.shiftKey ? WIDE : STEP;
      const to = {
        ArrowLeft: split - far,
        ArrowDown: split - far,
        ArrowRight: split + far,
        ArrowUp: split + far,
        PageUp: split + WIDE,
        PageDown: split - WIDE,
        Home: 0,
        End: 100,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      put(to);
    });
  }
  put(50);
  return {
    node,
    shape(width, height) {
      node.style.setProperty("--shape", String(width / height));
    },
    /** Another element shows what is before. */
    swap(other) {
      clip.replaceChildren(other);
    },
    alone() {
      for (const part of [clip, grip, ...tags]) part.remove();
    },
  };
}
