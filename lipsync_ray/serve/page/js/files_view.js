/** The first step: which picture, which voice; and the upload. */

import { announce, announceProgress } from "./announce.js";
import { focusOn, h } from "./dom.js";
import { faultBox } from "./fault_box.js";
import { asFault, blamed, explain } from "./fault_words.js";
import { percent, roughly, size } from "./figures.js";
import { intake } from "./intake.js";
import { goToJob } from "./route.js";
import { fileSlot } from "./slot.js";
import { steps } from "./steps.js";
import { send } from "./upload.js";

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
  const audio = fileSlot({
    place: "audio",
    title: "Voice",
    hint: "The new words as sound: a recording, or a video that holds them",
    accept: "audio/*,video/*,.mka,.opus,.flac",
    limits,
    onChange,
  });
  const sending = h("div", { class: "sending" });
  const begin = h("button", { type: "button", class: "main" }, "Upload and check");
  const close = intake(video, audio);
  let stop = new AbortController();

  const upload = async () => {
    stop = new AbortController();
    const bar = sendingBar(video.file.size + audio.file.size, () => stop.abort());
    sending.replaceChildren(bar.node);
    begin.hidden = true;
    focusOn(bar.title);
    try {
      const job = await send({ kind: "triage", video: video.file, audio: audio.file }, bar.update, stop.signal);
      announce("Everything has arrived. The files are being checked.");
      goToJob(job.id);
    } catch (error) {
      begin.hidden = false;
      const fault = asFault(error);
      sending.replaceChildren();
      if (fault.code === "STOPPED") announce("The upload was stopped.");
      else tell(fault);
      begin.focus();
    }
  };

  /** At the file that it is about, where that is known. */
  const tell = (fault) => {
    const named = [video, audio].find((slot) => fault.detail.startsWith(slot.file.name));
    const about = { video, audio }[blamed(fault.code)] ?? named;
    const { title, help } = explain(fault);
    if (about) about.complain(`${title}. ${help}`);
    sending.append(faultBox(fault));
  };

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
    upload();
  });

  const node = h(
    "section",
    { class: "files" },
    steps(0),
    heading,
    h("p", { class: "lead" }, "Give the picture of who talks and the sound of what they are to say. Nothing is rendered before you have seen what a dub would do."),
    h("div", { class: "slots" }, video.node, audio.node),
    missing,
    h("div", { class: "row" }, begin),
    sending,
  );
  return {
    node,
    heading,
    close() {
      close();
      stop.abort();
      video.close();
      audio.close();
    },
  };
}

/** What has been sent, and how long the rest will take. */
function sendingBar(total, onStop) {
  const began = performance.now();
  const title = h("h2", {}, "Uploading");
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Uploaded" });
  const figures = h("p", { class: "figure" }, `0 of ${size(total)}`);
  const stop = h("button", { type: "button", class: "quiet", on: { click: onStop } }, "Stop the upload");
  const update = (sent, all) => {
    const share = all ? sent / all : 0;
    const left = share > 0.02 ? ((performance.now() - began) / 1000) * (1 / share - 1) : null;
    bar.value = share;
    const rest = share >= 1 ? "the service is taking it in" : left === null ? "" : `${roughly(left)} left`;
    figures.textContent = [percent(share), `${size(sent)} of ${size(all)}`, rest].filter(Boolean).join(" · ");
    announceProgress(`${percent(share)} uploaded`);
  };
  return { node: h("section", { class: "card" }, title, bar, h("div", { class: "row apart" }, figures, stop)), title, update };
}
