/** The files that a dub has made. */

import { h } from "./dom.js";
import { size } from "./figures.js";

/**
 * @param {import("./types.js").Job} job a dub that is done
 * @returns {HTMLElement}
 */
export function downloadsCard({ links, result, container }) {
  const files = [
    links.sidecar && file(links.sidecar, "Record of the dub", "JSON: settings, hashes, figures"),
    links.report && file(links.report, "Report", "HTML, in one file"),
    links.manifest && file(links.manifest, "Content credentials", "C2PA, for a file that cannot hold them"),
  ];
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Files"),
    h("p", {}, h("a", { class: "button main", href: saved(links.result), download: true }, `Download the ${container.toUpperCase()}`), " ", result.bytes ? h("span", { class: "figure dim" }, size(result.bytes)) : null),
    h("ul", { class: "files-list" }, ...files.filter(Boolean)),
  );
}

function file(place, name, about) {
  return h("li", {}, h("a", { href: saved(place), download: true }, name), h("span", { class: "dim" }, about));
}

function saved(place) {
  return `${place}?download=1`;
}
