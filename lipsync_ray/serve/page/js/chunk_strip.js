/** The pieces that a video is drawn in: which are done, which are being drawn, which wait. */

import { h } from "./dom.js";
import { counted } from "./figures.js";

/** @returns {{node: HTMLElement, update: (chunks: import("./types.js").Progress["chunks"]) => void}} */
export function chunkStrip() {
  const told = h("p", { class: "figure dim" });
  const strip = h("div", { class: "chunks", role: "img" });
  const node = h("section", { class: "card", hidden: true }, h("div", { class: "row apart" }, h("h2", {}, "Pieces"), told), strip, legend());
  return {
    node,
    update(chunks) {
      node.hidden = !chunks?.total;
      if (!chunks?.total) return;
      while (strip.children.length < chunks.total) strip.append(h("span", { class: "chunk" }));
      while (strip.children.length > chunks.total) strip.lastElementChild?.remove();
      const [done, running] = [new Set(chunks.done), new Set(chunks.running)];
      [...strip.children].forEach((cell, index) => {
        cell.className = `chunk ${done.has(index) ? "chunk-done" : running.has(index) ? "chunk-running" : ""}`;
      });
      told.textContent = `${done.size} of ${counted(chunks.total, "piece")}`;
      strip.setAttribute("aria-label", `${told.textContent} drawn, ${running.size} being drawn`);
    },
  };
}

function legend() {
  const key = (state, name) => h("li", {}, h("span", { class: `chunk ${state}` }), name);
  return h("ul", { class: "legend" }, key("chunk-done", "drawn"), key("chunk-running", "being drawn"), key("", "waiting"));
}
