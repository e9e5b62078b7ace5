"""What requests and answers look like: an example for each shape of the OpenAPI document that is sent whole. Pure data,
taken from a running product; `tests/service/test_examples.py` holds each against its schema."""

from typing import Any

Sample = dict[str, Any]

_IMAGE_ID = "01a20432-9dd2-7116-9aac-3445daaba359"
_COPY_ID = "01a20438-1c1f-7d1e-8f5b-6f0a2c9d4e11"
_JOB_ID = "01a20432-9e87-7376-b79d-918ccda58e34"
_STORE = "https://res.cloudinary.com/demo/image/upload"
_API = "http://localhost:8003/api/v1/images"

IMAGE: Sample = {
    "id": _IMAGE_ID,
    "business_id": 1,
    "source": "uploaded",
    "filename": "image.jpg",
    "url": f"{_STORE}/v1795366812/darkroom/1/{_IMAGE_ID}.jpg",
    "thumbnail_url": f"{_STORE}/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/{_IMAGE_ID}.jpg",
    "width": 1600,
    "height": 1000,
    "format": "jpeg",
    "bytes": 893007,
    "sha256": "57f32cc83b3218ae674a670336e9c2ef73eb91bff775334fac2112a5ead422b8",
    "alt_text": "A red fox in fresh snow",
    "parent_id": None,
    "generation": None,
    "instagram": {"valid": True, "publishable_as_is": True, "warnings": []},
    "used_in": 0,
    "created_at": "2026-11-22T16:59:15.849649Z",
    "deleted_at": None,
    "purge_after": None,
}
_COPY = IMAGE | {"id": _COPY_ID, "filename": "image-instagram_4x5.jpg", "width": 800, "height": 1000} | {
    "bytes": 402118, "parent_id": _IMAGE_ID, "url": f"{_STORE}/v1795366813/darkroom/1/{_COPY_ID}.jpg",
}  # fmt: skip
_DELETED = IMAGE | {"deleted_at": "2026-11-23T08:00:00.000000Z", "purge_after": "2026-12-23T08:00:00.000000Z"}
_PAGE: Sample = {"total": 1, "page": 1, "page_size": 20, "pages": 1, "next_cursor": None}
_CHOICE: Sample = {"model": "gpt-image-2.5-flare", "size": "1024x1024", "quality": "standard"}

JOB: Sample = {
    "job_id": _JOB_ID,
    "business_id": 1,
    "status": "queued",
    "stage": "waiting",
    "prompt": "a red fox in fresh snow",
    **_CHOICE,
    "attempt": 0,
    "queue": {"position": 1, "eta_seconds": 15, "waiting_for": None},
    "eta_seconds": 15,
    "cost": {"estimated_usd": "0.0527", "actual_usd": None, "charged": None},
    "image": None,
    "late_image": None,
    "error": None,
    "cancel_requested": False,
    "created_at": "2026-11-22T16:59:15.977316Z",
    "started_at": None,
    "finished_at": None,
    "links": {
        "status": f"{_API}/generate/status/{_JOB_ID}",
        "events": f"{_API}/generate/status/{_JOB_ID}/events",
        "cancel": f"{_API}/generate/{_JOB_ID}/cancel",
    },
}
_RATIO: Sample = {
    "code": "ratio",
    "ok": False,
    "severity": "error",
    "actual": "0.111:1",
    "limit": "4:5 to 1.91:1",
    "message": "Its shape is outside 4:5 to 1.91:1: Instagram may refuse it.",
    "fix": "Crop or pad it to 4:5.",
}
_VERDICT: Sample = {
    "platform": "instagram",
    "valid": False,
    "publishable_as_is": False,
    "checks": [_RATIO],
    "warnings": [_RATIO["message"]],
    "fix": {
        "crop": {"width": 320, "height": 400, "ratio": "4:5", "url": None},
        "pad": {"width": 720, "height": 900, "ratio": "4:5", "url": None},
    },
}
_BUDGET: Sample = {
    "limit_usd": "20.00",
    "spent_usd": "0.158205",
    "reserved_usd": "0.1054",
    "unknown_usd": "0.0527",
    "left_usd": "19.683695",
    "resets_at": "2026-12-01T00:00:00Z",
}

SAMPLES: dict[str, Sample] = {
    "Image": IMAGE,
    "Uploaded": IMAGE | {"not_taken": ["alt_text"]},
    "ImagePage": {"items": [IMAGE], **_PAGE, "total_exact": True},
    "Description": {"alt_text": "A red fox in fresh snow"},
    "BulkDelete": {"ids": [_IMAGE_ID], "business_id": 1},
    "BulkDeleted": {"results": [{"id": _IMAGE_ID, "status": "deleted", "image": _DELETED}]},
    "BulkRestore": {"ids": [_IMAGE_ID], "business_id": 1},
    "BulkRestored": {"results": [{"id": _IMAGE_ID, "status": "restored", "image": IMAGE}]},
    "Thumbnail": {"url": IMAGE["thumbnail_url"], "width": 320, "height": 320},
    "Wish": {"preset": "instagram_4x5", "mode": "crop"},
    "Copies": {"items": [_COPY]},
    "Attaching": {"platform": "instagram"},
    "Posts": {
        "items": [{"post_id": "spring-42", "platform": "instagram", "attached_at": "2026-11-22T17:03:00.000000Z"}],
        "total": 1,
    },
    "GenerateRequest": {"prompt": JOB["prompt"], "business_id": 1, "size": "1024x1024"},
    "Job": JOB,
    "JobPage": {"items": [JOB], **_PAGE},
    "EstimateRequest": {"size": "1024x1024", "quality": "standard", "count": 2},
    "Estimate": {
        **_CHOICE,
        "count": 2,
        "unit_cost_usd": "0.0527",
        "total_cost_usd": "0.1054",
        "currency": "USD",
        "exact": False,
        "price_list_version": "2026-11-22",
        "budget": None,
        "alternatives": [_CHOICE | {"size": "1792x1024", "unit_cost_usd": "0.0373"}],
    },
    "Offer": {
        "models": [
            {
                "model": "gpt-image-2.5-flare",
                "label": "GPT Image 2.5 Flare",
                "status": "active",
                "shutdown_date": None,
                "replacement": None,
                "exact_prices": False,
                "sizes": [
                    {
                        "size": "1024x1024",
                        "width": 1024,
                        "height": 1024,
                        "ratio": "1:1",
                        "label": "Square",
                        "instagram_ready": True,
                        "default": True,
                    }
                ],
                "size_rule": None,
                "max_prompt_characters": 1000,
                "qualities": ["standard", "hd"],
                "prices": {"1024x1024": {"standard": "0.0527", "hd": "0.2107"}},
            }
        ],
        "default_model": "gpt-image-2.5-flare",
        "catalogue_version": "2026-11-22",
    },
    "Usage": {
        "business_id": 1,
        "month": "2026-11",
        "items": [
            {
                "day": "2026-11-22",
                "model": "gpt-image-2.5-flare",
                "quality": "standard",
                "images": 3,
                "cost_usd": "0.158205",
                "unknown": 1,
            }
        ],
        "images": 3,
        "cost_usd": "0.158205",
        "unknown": 1,
        "unknown_usd": "0.0527",
        "reserved_usd": "0.1054",
        "currency": "USD",
        "budget": _BUDGET,
    },
    "Verdict": _VERDICT,
    "Verdicts": {"verdicts": [_VERDICT]},
    "Probe": {"url": "https://example.com/picture.jpg"},
    "Reachability": {
        "reachable": True,
        "url": "https://example.com/picture.jpg",
        "checks": [
            {
                "code": "https",
                "ok": True,
                "severity": "info",
                "actual": "https",
                "limit": "https with a trusted certificate",
                "message": "",
                "fix": "",
            }
        ],
    },
    "ProblemBody": {
        "type": "https://darkroom.invalid/problems/model_retired",
        "title": "The model was switched off",
        "status": 422,
        "detail": "dall-e-3 was switched off on 2026-05-12. Use gpt-image-2.5-flare.",
        "instance": "/api/v1/images/generate",
        "code": "model_retired",
        "retryable": False,
        "request_id": "7ce9fcad354b43628e214ff0837c0584",
        "errors": [{"pointer": "/model", "code": "model_retired", "detail": "dall-e-3 was switched off."}],
    },
}
"""By the name of the shape."""
