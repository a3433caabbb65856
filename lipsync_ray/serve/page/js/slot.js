/** A place for one file: to drop it on, or to choose it. */

import { freshId, h } from "./dom.js";
import { blamed, explain } from "./fault_words.js";
import { size, span } from "./figures.js";
import { complaint, kindOf } from "./kinds.js";

/** @typedef {{node: HTMLElement, file: File|null, take: (file: File) => boolean, complain: (text: string) => void, close: () => void}} Slot */

/**
 * @param {{place: "video"|"audio", title: string, hint: string, accept: string, limits: Object<string, number>, onChange: () => void}} about
 * @returns {Slot}
 */
export function fileSlot({ place, title, hint, accept, limits, onChange }) {
  const ids = { title: freshId("slot"), hint: freshId("hint"), wrong: freshId("wrong") };
  const input = h("input", {
    type: "file",
    accept,
    class: "unseen slot-input",
    id: freshId("file"),
    "aria-labelledby": ids.title,
    "aria-describedby": `${ids.hint} ${ids.wrong}`,
  });
  const label = h("span", { class: "button quiet" }, "Choose a file");
  const invite = h("p", { class: "slot-invite" }, "Drop it here, or paste it");
  const shown = h("div", { class: "slot-shown" }, h("span", { class: `glyph glyph-${place}` }));
  const wrong = h("p", { class: "wrong", id: ids.wrong, role: "alert" });
  const node = h(
    "section",
    { class: "slot", "data-place": place, "aria-labelledby": ids.title },
    h("h2", { id: ids.title }, title),
    h("p", { class: "dim", id: ids.hint }, hint),
    shown,
    h("label", { class: "slot-choose", for: input.id }, label, invite),
    input,
    wrong,
  );
  let address = "";

  const clear = () => {
    if (address) URL.revokeObjectURL(address);
    address = "";
    shown.replaceChildren();
  };

  /** @type {Slot} */
  const slot = {
    node,
    file: null,
    take(file) {
      const text = complaint(file, place, limits);
      slot.complain(text);
      if (text) return false;
      clear();
      slot.file = file;
      address = URL.createObjectURL(file);
      node.classList.add("filled");
      label.textContent = "Choose another file";
      invite.textContent = "";
      shown.append(...picture(file, address, place));
      onChange();
      return true;
    },
    complain(text) {
      wrong.textContent = text;
      node.classList.toggle("bad", Boolean(text));
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
    close: clear,
  };

  input.addEventListener("change", () => {
    if (input.files?.length) slot.take(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  return slot;
}

/**
 * The place for the sound of a dub.
 *
 * @param {Object<string, number>} limits of the service
 * @param {() => void} onChange
 * @returns {Slot}
 */
export function voiceSlot(limits, onChange) {
  return fileSlot({
    place: "audio",
    title: "Voice",
    hint: "The new words as sound: a recording, or a video that holds them",
    accept: "audio/*,video/*,.mka,.opus,.flac",
    limits,
    onChange,
  });
}

/**
 * Tell of a fault at the file that it is about, where that is known.
 *
 * @param {import("./api.js").Fault} fault
 * @param {{video?: Slot, audio: Slot}} slots
 */
export function complainOf(fault, slots) {
  const named = Object.values(slots).find((slot) => fault.detail.startsWith(slot.file.name));
  const { title, help } = explain(fault);
  (slots[blamed(fault.code)] ?? named)?.complain(`${title}. ${help}`);
}

/** What was chosen: seen or heard, with its name, size and length. */
function picture(file, address, place) {
  const kind = kindOf(file);
  const facts = h("span", { class: "figure" }, size(file.size));
  const heard = place === "audio";
  const tag = kind === "picture" ? "img" : heard ? "audio" : "video";
  const media = h(tag, { src: address, class: `slot-${tag}` });
  const unseen = `This browser cannot ${tag === "img" ? "show" : "play"} it. That is no obstacle: the service may.`;
  media.addEventListener("error", () => media.replaceWith(h("p", { class: "dim" }, unseen)));
  if (tag === "img") {
    media.alt = "";
  } else {
    media.controls = heard;
    media.muted = !heard;
    media.preload = "metadata";
    media.setAttribute("aria-label", file.name);
    media.addEventListener("loadedmetadata", () => {
      if (Number.isFinite(media.duration)) facts.textContent = `${size(file.size)} · ${span(media.duration)}`;
      if (!heard) media.currentTime = Math.min(0.1, media.duration / 2); // else some browsers show nothing
    });
  }
  return [media, h("p", { class: "slot-name" }, h("span", { class: "name" }, file.name), " ", facts)];
}
