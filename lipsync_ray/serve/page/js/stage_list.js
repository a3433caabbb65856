/** The stages of a job, a bar each. */

import { h } from "./dom.js";
import { whole } from "./figures.js";
import { shareOf } from "./overall.js";

/**
 * @param {string[][]} stages keys and names in their order
 * @returns {{node: HTMLElement, update: (progress: import("./types.js").Progress|null) => void}}
 */
export function stageList(stages) {
  const rows = stages.map(([key, name]) => row(key, name));
  const node = h("ol", { class: "stages", "aria-label": "Stages" }, ...rows.map((each) => each.node));
  return {
    node,
    update(progress) {
      const at = rows.findIndex((each) => each.key === progress?.stage);
      rows.forEach((each, index) =>
        each.show(index < at ? "done" : index === at ? "running" : "waiting", progress),
      );
    },
  };
}

function row(key, name) {
  const bar = h("progress", { max: 1, value: 0, "aria-label": name });
  const figure = h("span", { class: "figure dim" });
  const node = h("li", { class: "stage" }, h("span", { class: "stage-name" }, name), bar, figure);
  const show = (state, progress) => {
    node.className = `stage stage-${state}`;
    if (state === "running") node.setAttribute("aria-current", "step");
    else node.removeAttribute("aria-current");
    const share = state === "done" ? 1 : state === "waiting" ? 0 : shareOf(progress);
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    figure.textContent = state === "done" ? "done" : state === "running" ? countOf(progress) : "";
  };
  return { key, node, show };
}

function countOf({ done, total }) {
  return total ? `${whole(done)} of ${whole(total)}` : "";
}
