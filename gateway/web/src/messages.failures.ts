/** What to say of each error code: what happened, and what to do. Whether money was spent is said apart from it. */

export interface FailureWords {
  title: string;
  help: string;
}

export const failures: Record<string, FailureWords> = {
  // A job that ended without a picture
  content_policy: {
    title: "The image service refused this description",
    help: "Its content rules do not allow it. Change the words and generate again.",
  },
  invalid_parameters: { title: "The image service did not take these settings", help: "Choose another shape or quality." },
  model_retired: { title: "This model was switched off", help: "Choose another model." },
  provider_rate_limited: { title: "The image service is too busy", help: "Wait a minute, then try again." },
  provider_unavailable: { title: "The image service is down", help: "Nothing is wrong with your request. Try again in a while." },
  provider_auth: { title: "The image service refused our key", help: "Whoever runs Darkroom must set a valid key." },
  provider_quota: { title: "The account at the image service is empty", help: "Whoever runs Darkroom must add credit." },
  outcome_unknown: {
    title: "Nobody knows whether the picture was made",
    help: "The connection broke while it was being made. Trying again may be charged a second time.",
  },
  storage_unavailable: { title: "The picture store is down", help: "Try again in a while." },
  bad_provider_image: { title: "The image service sent a broken picture", help: "Try again; this is rare." },
  deadline_passed: { title: "It did not start in time", help: "Try again." },
  worker_lost: { title: "The machine that made it stopped", help: "Try again." },
  // A request that was refused
  unauthorized: { title: "A key is needed", help: "Sign in again, or ask for a valid key." },
  forbidden: { title: "Your key does not allow this", help: "Ask whoever gave you the key." },
  budget_exceeded: { title: "The budget does not cover this", help: "Choose a smaller shape or standard quality, or ask for more." },
  cost_above_maximum: { title: "The price has changed", help: "Look at the new price and generate again." },
  not_found: { title: "It is not there any more", help: "It may have been deleted." },
  already_finished: { title: "It had already ended", help: "" },
  image_deleted: { title: "The picture was deleted meanwhile", help: "Choose another one, or restore it from the trash." },
  not_publishable: { title: "This network does not take the picture", help: "Make a copy that fits, or choose another one." },
  conflict: { title: "Somebody else changed it meanwhile", help: "Look at it again, then repeat your change." },
  image_in_use: { title: "A post shows this picture", help: "It is not deleted without asking again." },
  file_too_large: { title: "The file is too large", help: "At most 10 MB." },
  unsupported_media_type: { title: "Not a picture that is taken", help: "Save it as JPEG, PNG or WebP." },
  invalid_image: { title: "The picture cannot be read", help: "The file is damaged. Export it again." },
  too_many_pixels: { title: "The picture has too many pixels", help: "At most 25 megapixels." },
  invalid_request: { title: "Something in the request is wrong", help: "" },
  idempotency_key_reused: { title: "This was sent before with other settings", help: "Send it again." },
  misdirected_request: { title: "This page was opened by an unknown address", help: "Open it by the address you were given." },
  rate_limited: { title: "Too much at once", help: "Wait until there is room again, then repeat it." },
  internal_error: { title: "Something broke on our side", help: "It was logged. Try again in a moment." },
  upstream_unavailable: { title: "A part of Darkroom does not answer", help: "Try again in a moment." },
  upstream_timeout: { title: "A part of Darkroom answered too late", help: "Try again in a moment." },
  unavailable: { title: "Darkroom is not ready", help: "Try again in a moment." },
  // No proper answer at all
  network: { title: "No connection to Darkroom", help: "Check your connection. Nothing you wrote is lost." },
  timeout: { title: "Darkroom did not answer in time", help: "Try again in a moment." },
  unreadable: { title: "The answer could not be read", help: "Something between here and Darkroom is in the way. Try again." },
};
