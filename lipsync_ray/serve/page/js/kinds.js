/** Which files are taken for what. */

import { size } from "./figures.js";

const VIDEO = /\.(mp4|m4v|mov|mkv|webm|avi|mpg|mpeg|ts|mts|m2ts|mxf|wmv|flv|3gp)$/i;
const PICTURE = /\.(png|jpe?g|webp|bmp|tiff?|gif|avif|heic|heif)$/i;
const SOUND = /\.(wav|mp3|m4a|aac|flac|ogg|oga|opus|aif|aiff|wma|mka)$/i;

/** @typedef {"video"|"picture"|"sound"|"other"} FileKind */

/** @param {File} file @returns {FileKind} by its name, else by what the browser says */
export function kindOf(file) {
  if (VIDEO.test(file.name)) return "video";
  if (PICTURE.test(file.name)) return "picture";
  if (SOUND.test(file.name)) return "sound";
  const family = file.type.split("/")[0];
  return family === "video"
    ? "video"
    : family === "image"
      ? "picture"
      : family === "audio"
        ? "sound"
        : "other";
}

/** @param {string} name @returns {boolean} whether a file of this name is a still picture */
export function pictureName(name) {
  return PICTURE.test(name);
}

/**
 * What is wrong with a file, before it is sent.
 *
 * @param {File} file
 * @param {"video"|"audio"} place where it was put
 * @param {Object<string, number>} limits of the service
 * @returns {string} empty: nothing is
 */
export function complaint(file, place, limits) {
  const kind = kindOf(file);
  if (place === "video" && kind !== "video" && kind !== "picture") {
    return `“${file.name}” is neither a video nor a picture. Choose a file such as MP4, MOV, MKV, PNG or JPEG.`;
  }
  if (place === "audio" && kind !== "sound" && kind !== "video") {
    return `“${file.name}” holds no sound. Choose a file such as WAV, MP3, M4A or FLAC, or a video whose sound is to be used.`;
  }
  if (file.size === 0) return `“${file.name}” is empty.`;
  const most = limits.max_mb;
  if (most && file.size > most * 1e6) {
    return `“${file.name}” is too large: ${size(file.size)}, and the service takes ${size(most * 1e6)}. Cut it shorter, or export it with a lower bit rate.`;
  }
  return "";
}
