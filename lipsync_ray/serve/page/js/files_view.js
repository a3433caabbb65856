/** The first step: which picture, which voice; and the upload. */

import { h } from "./dom.js";
import { size } from "./figures.js";
import { intake } from "./intake.js";
import { sending } from "./sending.js";
import { complainOf, fileSlot, voiceSlot } from "./slot.js";
import { steps } from "./steps.js";

const MOST_OF = (limits) => (limits.max_mb ? `, up to ${size(limits.max_mb * 1e6)}` : "");

/**
 * @param {import("./types.js").Options} options
 * @returns {import("./types.js").View}
 */
export function filesView(options) {
  const { limits } = options;
  const heading = h("h1", {}, "Dub a video");
  const missing = h("p", { class: "wrong", role: "alert" });
  const onChange = () => missing.replaceChildren();
  const video = fileSlot({
    place: "video",
    title: "Picture",
    hint: `A video of a person talking, or a still picture${MOST_OF(limits)}`,
    accept: "video/*,image/*,.mkv,.mxf,.ts",
    limits,
    onChange,
  });
  const audio = voiceSlot(limits, onChange);
  const begin = h("button", { type: "button", class: "main" }, "Upload and check");
  const close = intake(video, audio);

  const sent = sending(begin, (fault) => complainOf(fault, { video, audio }));

  begin.addEventListener("click", () => {
    const lacking = [!video.file && "a picture", !audio.file && "a voice"].filter(Boolean);
    if (lacking.length) {
      missing.textContent = `Choose ${lacking.join(" and ")} first.`;
      return;
    }
    const together = video.file.size + audio.file.size;
    if (limits.max_mb && together > limits.max_mb * 1e6) {
      missing.textContent = `The two files are too large together: ${size(together)}, and the service takes ${size(limits.max_mb * 1e6)}.`;
      return;
    }
    sent.upload({ kind: "triage", video: video.file, audio: audio.file });
  });

  const node = h(
    "section",
    { class: "files" },
    steps(0),
    heading,
    h(
      "p",
      { class: "lead" },
      "Give the picture of who talks and the sound of what they are to say. Nothing is rendered before you have seen what a dub would do.",
    ),
    h("div", { class: "slots" }, video.node, audio.node),
    missing,
    h("div", { class: "row" }, begin),
    sent.node,
  );
  return {
    node,
    heading,
    close() {
      close();
      sent.close();
      video.close();
      audio.close();
    },
  };
}
