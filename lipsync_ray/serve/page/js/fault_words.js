/** What went wrong, and what to do about it, in words of somebody who dubs. */

import { Fault } from "./api.js";
import { whole } from "./figures.js";

const MEDIA = "Play it on your machine to see whether it is whole, or export it again as MP4 (H.264, AAC).";
const AGAIN = "Start it again; if it happens twice, tell whoever runs the service.";

/** By the codes of the project: title, what to do. */
const BY_CODE = {
  FACE_NONE: [
    "No face was found that can be dubbed",
    "Faces must be at least 48 pixels wide, turned to the camera and not covered. Use a closer shot.",
  ],
  VIDEO_UNREADABLE: ["The video cannot be read", MEDIA],
  AUDIO_UNREADABLE: [
    "The sound cannot be read",
    "Play it on your machine to see whether it is whole, or export it again as WAV.",
  ],
  FRAME_UNREADABLE: ["Part of the video is damaged", MEDIA],
  CONFIG: ["A setting does not fit", "Change what is named below and try again."],
  LICENSE_REFUSED: [
    "This engine may not be used here",
    "Its terms do not fit the policy of this service. Choose another engine.",
  ],
  WEIGHTS_MISSING: ["This engine is not ready", "Its model files are not there. Choose another engine."],
  OUT_OF_MEMORY: ["There was not enough memory", "Try the preset “fast”, or a smaller picture."],
  TIMEOUT: ["It took too long and was stopped", AGAIN],
  WORKER_DIED: ["Machines were lost while it was made", AGAIN],
  CHUNK_FAILED: ["A piece of the video could not be made", AGAIN],
  STORE: ["The service cannot reach its records", "Try again in a minute."],
  LIMIT: ["The file is beyond what the service takes", "Use a shorter video, or a smaller picture."],
  QUOTA: [
    "You have used up what you may use here for now",
    "Wait until jobs of yours have ended, or delete those that you no longer need.",
  ],
  QUEUE_FULL: ["The service has all the work it takes at a time", "Try again in a few minutes."],
  DISK_FULL: [
    "The service has no room for more files",
    "Delete jobs that you no longer need, or tell whoever runs it.",
  ],
  FILES_OF: ["The files of that job are gone", "Choose them again under New dub."],
  GOES_ON: ["The job still goes on", "Cancel it first."],
  HOST: [
    "The service does not know this address as its own",
    "Open the page under the name that whoever runs it has told you.",
  ],
  CUT_OFF: [
    "The upload is cut off again and again",
    "Something between you and the service does not let files of this size through. Try a smaller file, or tell whoever runs the service.",
  ],
  NETWORK: [
    "The service cannot be reached",
    "Check your connection. It goes on when the connection is back.",
  ],
};

/** By the status of the answer, where the code says nothing more. */
const BY_STATUS = {
  400: ["The service did not understand the request", "Load the page again."],
  401: [
    "The service does not know you",
    "Load the page again. If that changes nothing, let your browser keep cookies of this address.",
  ],
  403: ["This token may not do that", "Ask whoever runs the service."],
  404: [
    "This job is not there",
    "It was deleted, or has been kept for as long as the service keeps jobs, or belongs to somebody else.",
  ],
  408: ["The upload took too long", "Try again with a faster connection or a smaller file."],
  409: ["That does not go together just now", "Wait a moment and try again."],
  413: ["The file is too large", "Cut it shorter, or export it with a lower bit rate."],
  415: ["The service does not take this kind of file", "Use a video, a picture, or a sound file."],
  422: ["The service does not take this", "Change what is named below and try again."],
  429: [
    "You have asked for more than you may at a time",
    "Wait until a job of yours has ended, then try again.",
  ],
  503: ["The service takes no jobs at the moment", "Try again in a minute."],
};

const UNKNOWN = ["Something went wrong", AGAIN];

/**
 * Explain a fault.
 *
 * @param {{status?: number, code: string, detail?: string, message?: string, wait?: number}} fault of a request, or the error of a job
 * @returns {{title: string, help: string, said: string}} `said`: the service's own words
 */
export function explain(fault) {
  const [title, help] = BY_CODE[fault.code] ?? BY_STATUS[fault.status ?? 0] ?? UNKNOWN;
  const wait =
    fault.wait && fault.wait < 3600 ? ` The service asks for ${whole(fault.wait)} s of patience.` : "";
  return { title, help: help + wait, said: fault.detail || fault.message || "" };
}

/** @param {any} error @returns {Fault} whatever was thrown */
export function asFault(error) {
  return error instanceof Fault ? error : new Fault(0, "PAGE", String(error?.message ?? error));
}

/** @param {string} code @returns {"video"|"audio"|null} the file that an error is about */
export function blamed(code) {
  if (["FACE_NONE", "VIDEO_UNREADABLE", "FRAME_UNREADABLE"].includes(code)) return "video";
  return code === "AUDIO_UNREADABLE" ? "audio" : null;
}
