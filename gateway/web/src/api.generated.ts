// Generated from gateway/docs/openapi.json by "make openapi"; do not edit.
// A test compares the document with its SHA-256: 9dd139e03303f98ed57199286faf1272ded1272b72145f155b3aab28f47ff86b

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Alternative
         * @description Another offer at another price.
         */
        Alternative: {
            /** Model */
            model: string;
            /** Size */
            size: string;
            /** Quality */
            quality: string;
            /** Unit Cost Usd */
            unit_cost_usd: string;
        };
        /**
         * Attaching
         * @description Where the post goes.
         * @example {
         *       "platform": "instagram"
         *     }
         */
        Attaching: {
            /** @description Its rules are checked; null: nothing is */
            platform?: components["schemas"]["Platform"] | null;
        };
        /**
         * Budget
         * @description What a business may spend in a month (UTC), and what became of it: decimal strings in US dollars.
         */
        Budget: {
            /** Limit Usd */
            limit_usd: string;
            /**
             * Spent Usd
             * @description Known cost of the vendor calls that started in the month
             */
            spent_usd: string;
            /**
             * Reserved Usd
             * @description Estimates of the open jobs that have no picture yet
             */
            reserved_usd: string;
            /**
             * Unknown Usd
             * @description Estimates of calls that may have been charged: they count against the limit
             */
            unknown_usd: string;
            /**
             * Left Usd
             * @description What still fits; never negative
             */
            left_usd: string;
            /**
             * Resets At
             * Format: date-time
             * @description The first moment of the next month
             */
            resets_at: string;
        };
        /**
         * BulkDelete
         * @description Which pictures go to the trash.
         * @example {
         *       "ids": [
         *         "01a20432-9dd2-7116-9aac-3445daaba359"
         *       ],
         *       "business_id": 1
         *     }
         */
        BulkDelete: {
            /** Ids */
            ids: string[];
            /** Business Id */
            business_id?: number | null;
            /**
             * Even If Used
             * @description Also what is attached to a post
             * @default false
             */
            even_if_used?: boolean;
        };
        /**
         * BulkDeleted
         * @description In the order of the request.
         * @example {
         *       "results": [
         *         {
         *           "id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *           "status": "deleted",
         *           "image": {
         *             "id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *             "business_id": 1,
         *             "source": "uploaded",
         *             "filename": "image.jpg",
         *             "url": "https://res.cloudinary.com/demo/image/upload/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *             "thumbnail_url": "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *             "width": 1600,
         *             "height": 1000,
         *             "format": "jpeg",
         *             "bytes": 893007,
         *             "sha256": "57f32cc83b3218ae674a670336e9c2ef73eb91bff775334fac2112a5ead422b8",
         *             "alt_text": "A red fox in fresh snow",
         *             "parent_id": null,
         *             "generation": null,
         *             "instagram": {
         *               "valid": true,
         *               "publishable_as_is": true,
         *               "warnings": []
         *             },
         *             "used_in": 0,
         *             "created_at": "2026-11-22T16:59:15.849649Z",
         *             "deleted_at": "2026-11-23T08:00:00.000000Z",
         *             "purge_after": "2026-12-23T08:00:00.000000Z"
         *           }
         *         }
         *       ]
         *     }
         */
        BulkDeleted: {
            /** Results */
            results: components["schemas"]["Deleted"][];
        };
        /**
         * BulkRestore
         * @description Which pictures come back from the trash.
         * @example {
         *       "ids": [
         *         "01a20432-9dd2-7116-9aac-3445daaba359"
         *       ],
         *       "business_id": 1
         *     }
         */
        BulkRestore: {
            /** Ids */
            ids: string[];
            /** Business Id */
            business_id?: number | null;
        };
        /**
         * BulkRestored
         * @description In the order of the request.
         * @example {
         *       "results": [
         *         {
         *           "id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *           "status": "restored",
         *           "image": {
         *             "id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *             "business_id": 1,
         *             "source": "uploaded",
         *             "filename": "image.jpg",
         *             "url": "https://res.cloudinary.com/demo/image/upload/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *             "thumbnail_url": "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *             "width": 1600,
         *             "height": 1000,
         *             "format": "jpeg",
         *             "bytes": 893007,
         *             "sha256": "57f32cc83b3218ae674a670336e9c2ef73eb91bff775334fac2112a5ead422b8",
         *             "alt_text": "A red fox in fresh snow",
         *             "parent_id": null,
         *             "generation": null,
         *             "instagram": {
         *               "valid": true,
         *               "publishable_as_is": true,
         *               "warnings": []
         *             },
         *             "used_in": 0,
         *             "created_at": "2026-11-22T16:59:15.849649Z",
         *             "deleted_at": null,
         *             "purge_after": null
         *           }
         *         }
         *       ]
         *     }
         */
        BulkRestored: {
            /** Results */
            results: components["schemas"]["Restored"][];
        };
        /**
         * Check
         * @description One rule.
         */
        Check: {
            /** Code */
            code: string;
            /** Ok */
            ok: boolean;
            /**
             * Severity
             * @enum {string}
             */
            severity: "error" | "warning" | "info";
            /** Actual */
            actual: string;
            /** Limit */
            limit: string;
            /**
             * Message
             * @description Empty where it is ok
             */
            message: string;
            /**
             * Fix
             * @description What to do about it; empty where it is ok
             */
            fix: string;
        };
        /**
         * Copies
         * @description Newest first.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a20438-1c1f-7d1e-8f5b-6f0a2c9d4e11",
         *           "business_id": 1,
         *           "source": "uploaded",
         *           "filename": "image-instagram_4x5.jpg",
         *           "url": "https://res.cloudinary.com/demo/image/upload/v1795366813/darkroom/1/01a20438-1c1f-7d1e-8f5b-6f0a2c9d4e11.jpg",
         *           "thumbnail_url": "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *           "width": 800,
         *           "height": 1000,
         *           "format": "jpeg",
         *           "bytes": 402118,
         *           "sha256": "57f32cc83b3218ae674a670336e9c2ef73eb91bff775334fac2112a5ead422b8",
         *           "alt_text": "A red fox in fresh snow",
         *           "parent_id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *           "generation": null,
         *           "instagram": {
         *             "valid": true,
         *             "publishable_as_is": true,
         *             "warnings": []
         *           },
         *           "used_in": 0,
         *           "created_at": "2026-11-22T16:59:15.849649Z",
         *           "deleted_at": null,
         *           "purge_after": null
         *         }
         *       ]
         *     }
         */
        Copies: {
            /**
             * Items
             * @description At most 100
             */
            items: components["schemas"]["Image"][];
        };
        /**
         * Copy
         * @description A copy that passes.
         */
        Copy: {
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Ratio */
            ratio: string;
            /**
             * Url
             * @description A JPEG, ready to publish; null for a picture that is not in the library
             */
            url: string | null;
        };
        /**
         * Cost
         * @description Money as decimal strings in US dollars.
         */
        Cost: {
            /** Estimated Usd */
            estimated_usd: string;
            /**
             * Actual Usd
             * @description Null while the job is open, or where it cannot be known: then only the estimate is
             */
            actual_usd: string | null;
            /**
             * Charged
             * @description Null while the job is open
             */
            charged: boolean | "unknown" | null;
        };
        /**
         * Deleted
         * @description What became of one id.
         */
        Deleted: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Status
             * @description in_use: a post shows it, so it stays
             * @enum {string}
             */
            status: "deleted" | "in_use" | "not_found";
            /** @description As it is now; null where there is none */
            image: components["schemas"]["Image"] | null;
        };
        /**
         * Description
         * @description What can be changed. What is absent stays.
         * @example {
         *       "alt_text": "A red fox in fresh snow"
         *     }
         */
        Description: {
            /**
             * Filename
             * @description Not empty, not null
             */
            filename?: string;
            /**
             * Alt Text
             * @description Empty: decorative. Null or only white space takes it away
             */
            alt_text?: string | null;
        };
        /**
         * Estimate
         * @description What `count` pictures would cost.
         * @example {
         *       "model": "gpt-image-2.5-flare",
         *       "size": "1024x1024",
         *       "quality": "standard",
         *       "count": 2,
         *       "unit_cost_usd": "0.0527",
         *       "total_cost_usd": "0.1054",
         *       "currency": "USD",
         *       "exact": false,
         *       "price_list_version": "2026-11-22",
         *       "budget": null,
         *       "alternatives": [
         *         {
         *           "model": "gpt-image-2.5-flare",
         *           "size": "1792x1024",
         *           "quality": "standard",
         *           "unit_cost_usd": "0.0373"
         *         }
         *       ]
         *     }
         */
        Estimate: {
            /** Model */
            model: string;
            /** Size */
            size: string;
            /** Quality */
            quality: string;
            /** Count */
            count: number;
            /** Unit Cost Usd */
            unit_cost_usd: string;
            /** Total Cost Usd */
            total_cost_usd: string;
            /**
             * Currency
             * @default USD
             * @enum {string}
             */
            currency?: "USD";
            /**
             * Exact
             * @description False: billed by tokens, the answer's usage decides; the prompt adds about $0.001
             */
            exact: boolean;
            /** Price List Version */
            price_list_version: string;
            budget?: components["schemas"]["Budget"] | null;
            /** Alternatives */
            alternatives: components["schemas"]["Alternative"][];
        };
        /**
         * EstimateRequest
         * @description What would it cost?
         * @example {
         *       "size": "1024x1024",
         *       "quality": "standard",
         *       "count": 2
         *     }
         */
        EstimateRequest: {
            /**
             * Model
             * @description Default: the catalogue's default model
             */
            model?: string | null;
            /**
             * Size
             * @description `WIDTHxHEIGHT`; see GET /generate/sizes
             * @example 1024x1024
             */
            size?: string | null;
            /**
             * Quality
             * @description `standard` or `hd`
             * @example standard
             */
            quality?: string | null;
            /** Prompt */
            prompt?: string | null;
            /** Business Id */
            business_id?: number | null;
            /**
             * Count
             * @description How many pictures
             * @default 1
             */
            count?: number;
        };
        /**
         * FieldProblem
         * @description One wrong field.
         */
        FieldProblem: {
            /**
             * Pointer
             * @description JSON pointer into the body, or `query/<name>`, `header/<name>`, `path/<name>`
             */
            pointer: string;
            /**
             * Code
             * @enum {string}
             */
            code: "invalid" | "missing" | "model_retired" | "not_allowed" | "not_publishable" | "too_large" | "too_long" | "too_short" | "too_small" | "unknown_field";
            /** Detail */
            detail: string;
        };
        /**
         * Fix
         * @description Both ways; they are the same where the shape can stay.
         */
        Fix: {
            crop: components["schemas"]["Copy"];
            pad: components["schemas"]["Copy"];
        };
        /**
         * FurtherSizes
         * @description Which sizes a model paints beyond those listed.
         */
        FurtherSizes: {
            /**
             * Step
             * @description Both sides are multiples of it
             */
            step: number;
            /** Min Pixels */
            min_pixels: number;
            /** Max Pixels */
            max_pixels: number;
            /** Max Side */
            max_side: number;
            /**
             * Max Ratio
             * @description The longer side is at most this many times the shorter
             */
            max_ratio: number;
        };
        /**
         * GenerateRequest
         * @description A wish for one picture.
         * @example {
         *       "prompt": "a red fox in fresh snow",
         *       "business_id": 1,
         *       "size": "1024x1024"
         *     }
         */
        GenerateRequest: {
            /**
             * Model
             * @description Default: the catalogue's default model
             */
            model?: string | null;
            /**
             * Size
             * @description `WIDTHxHEIGHT`; see GET /generate/sizes
             * @example 1024x1024
             */
            size?: string | null;
            /**
             * Quality
             * @description `standard` or `hd`
             * @example standard
             */
            quality?: string | null;
            /**
             * Prompt
             * @description 1 to 1000 characters after trimming
             * @example a red fox in fresh snow
             */
            prompt: string;
            /**
             * Business Id
             * @description The tenant
             */
            business_id: number;
            /**
             * Alt Text
             * @description What the picture shows, for people who cannot see it
             */
            alt_text?: string | null;
            /**
             * Max Cost Usd
             * @description Refuse if the estimate is above this
             */
            max_cost_usd?: string | null;
            /**
             * Deadline Seconds
             * @description End the job if it has not started by then
             */
            deadline_seconds?: number | null;
        };
        /**
         * Generation
         * @description How an AI picture was made; read from its job.
         */
        Generation: {
            /**
             * Job Id
             * Format: uuid
             */
            job_id: string;
            /**
             * Prompt
             * @description Empty once it was erased
             */
            prompt: string;
            /** Model */
            model: string;
            /** Size */
            size: string;
            /** Quality */
            quality: string;
            /**
             * Cost Usd
             * @description Decimal string; null where it cannot be known
             */
            cost_usd: string | null;
        };
        /**
         * Image
         * @description A stored picture.
         * @example {
         *       "id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *       "business_id": 1,
         *       "source": "uploaded",
         *       "filename": "image.jpg",
         *       "url": "https://res.cloudinary.com/demo/image/upload/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *       "thumbnail_url": "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *       "width": 1600,
         *       "height": 1000,
         *       "format": "jpeg",
         *       "bytes": 893007,
         *       "sha256": "57f32cc83b3218ae674a670336e9c2ef73eb91bff775334fac2112a5ead422b8",
         *       "alt_text": "A red fox in fresh snow",
         *       "parent_id": null,
         *       "generation": null,
         *       "instagram": {
         *         "valid": true,
         *         "publishable_as_is": true,
         *         "warnings": []
         *       },
         *       "used_in": 0,
         *       "created_at": "2026-11-22T16:59:15.849649Z",
         *       "deleted_at": null,
         *       "purge_after": null
         *     }
         */
        Image: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Business Id */
            business_id: number;
            source: components["schemas"]["ImageSource"];
            /** Filename */
            filename: string;
            /** Url */
            url: string;
            /** Thumbnail Url */
            thumbnail_url: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /**
             * Format
             * @enum {string}
             */
            format: "jpeg" | "png" | "webp";
            /** Bytes */
            bytes: number;
            /** Sha256 */
            sha256: string;
            /**
             * Alt Text
             * @description What it shows. Empty: decorative, there is nothing to describe. Null: nobody wrote one
             */
            alt_text: string | null;
            /**
             * Parent Id
             * @description The picture this one was derived from
             */
            parent_id: string | null;
            /** @description Null where no job painted it, or the job is kept no longer */
            generation: components["schemas"]["Generation"] | null;
            instagram: components["schemas"]["InstagramVerdict"];
            /**
             * Used In
             * @description How many posts it is attached to; while there is one it is not destroyed
             */
            used_in: number;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Deleted At */
            deleted_at: string | null;
            /**
             * Purge After
             * @description When the bytes of a deleted picture are destroyed; null while it is attached to a post
             */
            purge_after: string | null;
        };
        /**
         * ImagePage
         * @description Some of them, newest first.
         * @example {
         *       "items": [
         *         {
         *           "id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *           "business_id": 1,
         *           "source": "uploaded",
         *           "filename": "image.jpg",
         *           "url": "https://res.cloudinary.com/demo/image/upload/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *           "thumbnail_url": "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *           "width": 1600,
         *           "height": 1000,
         *           "format": "jpeg",
         *           "bytes": 893007,
         *           "sha256": "57f32cc83b3218ae674a670336e9c2ef73eb91bff775334fac2112a5ead422b8",
         *           "alt_text": "A red fox in fresh snow",
         *           "parent_id": null,
         *           "generation": null,
         *           "instagram": {
         *             "valid": true,
         *             "publishable_as_is": true,
         *             "warnings": []
         *           },
         *           "used_in": 0,
         *           "created_at": "2026-11-22T16:59:15.849649Z",
         *           "deleted_at": null,
         *           "purge_after": null
         *         }
         *       ],
         *       "total": 1,
         *       "page": 1,
         *       "page_size": 20,
         *       "pages": 1,
         *       "next_cursor": null,
         *       "total_exact": true
         *     }
         */
        ImagePage: {
            /** Items */
            items: components["schemas"]["Image"][];
            /** Total */
            total: number;
            /**
             * Total Exact
             * @description False where a search found more than 500: `total` is 500 then
             */
            total_exact: boolean;
            /**
             * Page
             * @description Null where a cursor was sent
             */
            page: number | null;
            /** Page Size */
            page_size: number;
            /** Pages */
            pages: number;
            /**
             * Next Cursor
             * @description Null at the end
             */
            next_cursor: string | null;
        };
        /**
         * ImageSource
         * @description Where a picture came from.
         * @enum {string}
         */
        ImageSource: "uploaded" | "ai_generated";
        /**
         * InstagramVerdict
         * @description The short form of POST /validate/instagram.
         */
        InstagramVerdict: {
            /**
             * Valid
             * @description Inside Instagram's size and ratio limits
             */
            valid: boolean;
            /**
             * Publishable As Is
             * @description Meta's API takes these very bytes
             */
            publishable_as_is: boolean;
            /** Warnings */
            warnings: string[];
        };
        /**
         * Job
         * @description A generation job.
         * @example {
         *       "job_id": "01a20432-9e87-7376-b79d-918ccda58e34",
         *       "business_id": 1,
         *       "status": "queued",
         *       "stage": "waiting",
         *       "prompt": "a red fox in fresh snow",
         *       "model": "gpt-image-2.5-flare",
         *       "size": "1024x1024",
         *       "quality": "standard",
         *       "attempt": 0,
         *       "queue": {
         *         "position": 1,
         *         "eta_seconds": 15,
         *         "waiting_for": null
         *       },
         *       "eta_seconds": 15,
         *       "cost": {
         *         "estimated_usd": "0.0527",
         *         "actual_usd": null,
         *         "charged": null
         *       },
         *       "image": null,
         *       "late_image": null,
         *       "error": null,
         *       "cancel_requested": false,
         *       "created_at": "2026-11-22T16:59:15.977316Z",
         *       "started_at": null,
         *       "finished_at": null,
         *       "links": {
         *         "status": "http://localhost:8003/api/v1/images/generate/status/01a20432-9e87-7376-b79d-918ccda58e34",
         *         "events": "http://localhost:8003/api/v1/images/generate/status/01a20432-9e87-7376-b79d-918ccda58e34/events",
         *         "cancel": "http://localhost:8003/api/v1/images/generate/01a20432-9e87-7376-b79d-918ccda58e34/cancel"
         *       }
         *     }
         */
        Job: {
            /**
             * Job Id
             * Format: uuid
             */
            job_id: string;
            /** Business Id */
            business_id: number;
            status: components["schemas"]["JobStatus"];
            stage: components["schemas"]["Stage"];
            /**
             * Prompt
             * @description Empty once it was erased
             */
            prompt: string;
            /** Model */
            model: string;
            /** Size */
            size: string;
            /** Quality */
            quality: string;
            /**
             * Attempt
             * @description How often a worker took it
             */
            attempt: number;
            /** @description Null once it runs */
            queue: components["schemas"]["Queue"] | null;
            /**
             * Eta Seconds
             * @description Until its end; null once it ended
             */
            eta_seconds: number | null;
            cost: components["schemas"]["Cost"];
            image: components["schemas"]["Image"] | null;
            /** @description The picture of a job that ended without one, where it was found later; the end stays as it is */
            late_image: components["schemas"]["Image"] | null;
            error: components["schemas"]["JobFailure"] | null;
            /** Cancel Requested */
            cancel_requested: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Started At */
            started_at: string | null;
            /** Finished At */
            finished_at: string | null;
            links: components["schemas"]["Links"];
        };
        /**
         * JobError
         * @description Why a job ended without a picture: the contract's closed list.
         * @enum {string}
         */
        JobError: "content_policy" | "invalid_parameters" | "model_retired" | "provider_rate_limited" | "provider_unavailable" | "provider_auth" | "provider_quota" | "outcome_unknown" | "storage_unavailable" | "bad_provider_image" | "deadline_passed" | "worker_lost";
        /**
         * JobFailure
         * @description Why a job ended without a picture.
         */
        JobFailure: {
            code: components["schemas"]["JobError"];
            /** Detail */
            detail: string;
            /**
             * Retryable
             * @description Whether asking again, as a new job, may help. Never where this one is, or may be, charged
             */
            retryable: boolean;
            /** Charged */
            charged: boolean | "unknown";
        };
        /**
         * JobPage
         * @description Jobs, newest first.
         * @example {
         *       "items": [
         *         {
         *           "job_id": "01a20432-9e87-7376-b79d-918ccda58e34",
         *           "business_id": 1,
         *           "status": "queued",
         *           "stage": "waiting",
         *           "prompt": "a red fox in fresh snow",
         *           "model": "gpt-image-2.5-flare",
         *           "size": "1024x1024",
         *           "quality": "standard",
         *           "attempt": 0,
         *           "queue": {
         *             "position": 1,
         *             "eta_seconds": 15,
         *             "waiting_for": null
         *           },
         *           "eta_seconds": 15,
         *           "cost": {
         *             "estimated_usd": "0.0527",
         *             "actual_usd": null,
         *             "charged": null
         *           },
         *           "image": null,
         *           "late_image": null,
         *           "error": null,
         *           "cancel_requested": false,
         *           "created_at": "2026-11-22T16:59:15.977316Z",
         *           "started_at": null,
         *           "finished_at": null,
         *           "links": {
         *             "status": "http://localhost:8003/api/v1/images/generate/status/01a20432-9e87-7376-b79d-918ccda58e34",
         *             "events": "http://localhost:8003/api/v1/images/generate/status/01a20432-9e87-7376-b79d-918ccda58e34/events",
         *             "cancel": "http://localhost:8003/api/v1/images/generate/01a20432-9e87-7376-b79d-918ccda58e34/cancel"
         *           }
         *         }
         *       ],
         *       "total": 1,
         *       "page": 1,
         *       "page_size": 20,
         *       "pages": 1,
         *       "next_cursor": null
         *     }
         */
        JobPage: {
            /** Items */
            items: components["schemas"]["Job"][];
            /** Total */
            total: number;
            /** Page */
            page: number;
            /** Page Size */
            page_size: number;
            /** Pages */
            pages: number;
            /** Next Cursor */
            next_cursor: string | null;
        };
        /**
         * JobStatus
         * @description A job's life. The last three are final and never left.
         * @enum {string}
         */
        JobStatus: "queued" | "running" | "succeeded" | "failed" | "canceled";
        /**
         * Links
         * @description Where to go on.
         */
        Links: {
            /** Status */
            status: string;
            /** Events */
            events: string;
            /** Cancel */
            cancel: string;
        };
        /**
         * Offer
         * @description What can be asked for.
         * @example {
         *       "models": [
         *         {
         *           "model": "gpt-image-2.5-flare",
         *           "label": "GPT Image 2.5 Flare",
         *           "status": "active",
         *           "shutdown_date": null,
         *           "replacement": null,
         *           "exact_prices": false,
         *           "sizes": [
         *             {
         *               "size": "1024x1024",
         *               "width": 1024,
         *               "height": 1024,
         *               "ratio": "1:1",
         *               "label": "Square",
         *               "instagram_ready": true,
         *               "default": true
         *             }
         *           ],
         *           "size_rule": null,
         *           "max_prompt_characters": 1000,
         *           "qualities": [
         *             "standard",
         *             "hd"
         *           ],
         *           "prices": {
         *             "1024x1024": {
         *               "standard": "0.0527",
         *               "hd": "0.2107"
         *             }
         *           }
         *         }
         *       ],
         *       "default_model": "gpt-image-2.5-flare",
         *       "catalogue_version": "2026-11-22"
         *     }
         */
        Offer: {
            /** Models */
            models: components["schemas"]["OfferedModel"][];
            /** Default Model */
            default_model: string | null;
            /** Catalogue Version */
            catalogue_version: string;
        };
        /**
         * OfferedModel
         * @description A model, with its prices by size and quality as decimal strings in US dollars.
         */
        OfferedModel: {
            /** Model */
            model: string;
            /** Label */
            label: string;
            /**
             * Status
             * @enum {string}
             */
            status: "active" | "deprecated" | "retired";
            /** Shutdown Date */
            shutdown_date: string | null;
            /** Replacement */
            replacement: string | null;
            /**
             * Exact Prices
             * @description False: billed by tokens, the answer's usage decides
             */
            exact_prices: boolean;
            /** Sizes */
            sizes: components["schemas"]["OfferedSize"][];
            size_rule: components["schemas"]["FurtherSizes"] | null;
            /** Max Prompt Characters */
            max_prompt_characters: number;
            /** Qualities */
            qualities: string[];
            /** Prices */
            prices: {
                [key: string]: {
                    [key: string]: string;
                };
            };
        };
        /**
         * OfferedSize
         * @description A size of a model.
         */
        OfferedSize: {
            /** Size */
            size: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /** Ratio */
            ratio: string;
            /** Label */
            label: string;
            /**
             * Instagram Ready
             * @description A JPEG of it can be published on Instagram as it is
             */
            instagram_ready: boolean;
            /** Default */
            default: boolean;
        };
        /**
         * Platform
         * @description The networks we know.
         * @enum {string}
         */
        Platform: "instagram" | "facebook" | "linkedin" | "threads" | "x";
        /**
         * Post
         * @description A post that shows a picture.
         */
        Post: {
            /** Post Id */
            post_id: string;
            platform: components["schemas"]["Platform"] | null;
            /**
             * Attached At
             * Format: date-time
             */
            attached_at: string;
        };
        /**
         * Posts
         * @description Attached last first.
         * @example {
         *       "items": [
         *         {
         *           "post_id": "spring-42",
         *           "platform": "instagram",
         *           "attached_at": "2026-11-22T17:03:00.000000Z"
         *         }
         *       ],
         *       "total": 1
         *     }
         */
        Posts: {
            /**
             * Items
             * @description At most 100
             */
            items: components["schemas"]["Post"][];
            /** Total */
            total: number;
        };
        /**
         * Probe
         * @description A picture of the library, or any address. Exactly one of the two.
         * @example {
         *       "url": "https://example.com/picture.jpg"
         *     }
         */
        Probe: {
            /** Format: uuid */
            image_id: string;
            url?: null;
            /**
             * Business Id
             * @description With `image_id`: another business's picture is 404
             */
            business_id?: number | null;
        } | {
            image_id?: null;
            url: string;
            /**
             * Business Id
             * @description With `image_id`: another business's picture is 404
             */
            business_id?: number | null;
        };
        /**
         * ProblemBody
         * @description RFC 9457. `code` is stable and documented; `detail` is for people.
         * @example {
         *       "type": "https://darkroom.invalid/problems/model_retired",
         *       "title": "The model was switched off",
         *       "status": 422,
         *       "detail": "dall-e-3 was switched off on 2026-05-12. Use gpt-image-2.5-flare.",
         *       "instance": "/api/v1/images/generate",
         *       "code": "model_retired",
         *       "retryable": false,
         *       "request_id": "7ce9fcad354b43628e214ff0837c0584",
         *       "errors": [
         *         {
         *           "pointer": "/model",
         *           "code": "model_retired",
         *           "detail": "dall-e-3 was switched off."
         *         }
         *       ]
         *     }
         */
        ProblemBody: {
            /** Type */
            type: string;
            /** Title */
            title: string;
            /** Status */
            status: number;
            /** Detail */
            detail: string;
            /** Instance */
            instance: string;
            /**
             * Code
             * @enum {string}
             */
            code: "already_finished" | "body_too_large" | "budget_exceeded" | "conflict" | "cost_above_maximum" | "file_too_large" | "forbidden" | "head_too_large" | "idempotency_key_reused" | "image_deleted" | "image_in_use" | "internal_error" | "invalid_image" | "invalid_request" | "malformed_request" | "method_not_allowed" | "misdirected_request" | "model_retired" | "not_found" | "not_publishable" | "precondition_failed" | "rate_limited" | "request_timeout" | "storage_unavailable" | "too_many_pixels" | "unauthorized" | "unavailable" | "unsupported_media_type" | "upstream_timeout" | "upstream_unavailable";
            /**
             * Retryable
             * @description Whether the same request may succeed later without being changed
             */
            retryable: boolean;
            /** Request Id */
            request_id: string;
            /**
             * Errors
             * @default null
             */
            errors?: components["schemas"]["FieldProblem"][] | null;
        };
        /**
         * Queue
         * @description Where a waiting job stands.
         */
        Queue: {
            /**
             * Position
             * @description 1 is next in this business's line; never rises
             */
            position: number;
            /**
             * Eta Seconds
             * @description Until the picture is there, from recent runs of the same kind
             */
            eta_seconds: number;
            /** @description Why it was put back, if it was: it is tried again by itself */
            waiting_for: components["schemas"]["JobError"] | null;
        };
        /**
         * Reachability
         * @description What somebody outside would meet.
         * @example {
         *       "reachable": true,
         *       "url": "https://example.com/picture.jpg",
         *       "checks": [
         *         {
         *           "code": "https",
         *           "ok": true,
         *           "severity": "info",
         *           "actual": "https",
         *           "limit": "https with a trusted certificate",
         *           "message": "",
         *           "fix": ""
         *         }
         *       ]
         *     }
         */
        Reachability: {
            /**
             * Reachable
             * @description No check failed with severity `error`
             */
            reachable: boolean;
            /**
             * Url
             * @description What was probed
             */
            url: string;
            /**
             * Checks
             * @description In the order they are made; what could not be asked is left out
             */
            checks: components["schemas"]["Check"][];
        };
        /**
         * Restored
         * @description What became of one id.
         */
        Restored: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Status
             * @description conflict: the same picture was uploaded again meanwhile, so it stays in the trash
             * @enum {string}
             */
            status: "restored" | "not_found" | "conflict";
            /** @description As it is now; null where there is none */
            image: components["schemas"]["Image"] | null;
        };
        /**
         * Spend
         * @description The calls of one day, model and quality.
         */
        Spend: {
            /**
             * Day
             * Format: date
             */
            day: string;
            /** Model */
            model: string;
            /** Quality */
            quality: string;
            /**
             * Images
             * @description Pictures that were painted
             */
            images: number;
            /**
             * Cost Usd
             * @description What they cost; where the vendor did not count, what they were estimated at
             */
            cost_usd: string;
            /**
             * Unknown
             * @description Calls whose outcome is not known; their cost is in no sum
             */
            unknown: number;
        };
        /**
         * Stage
         * @description What is happening to a job, for people.
         * @enum {string}
         */
        Stage: "waiting" | "generating" | "storing" | "done";
        /**
         * Thumbnail
         * @description Where it is, and exactly what it is.
         * @example {
         *       "url": "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *       "width": 320,
         *       "height": 320
         *     }
         */
        Thumbnail: {
            /** Url */
            url: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
        };
        /**
         * Uploaded
         * @description The picture that is kept now.
         * @example {
         *       "id": "01a20432-9dd2-7116-9aac-3445daaba359",
         *       "business_id": 1,
         *       "source": "uploaded",
         *       "filename": "image.jpg",
         *       "url": "https://res.cloudinary.com/demo/image/upload/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *       "thumbnail_url": "https://res.cloudinary.com/demo/image/upload/c_fill,g_auto,h_320,w_320/f_auto,q_auto/v1795366812/darkroom/1/01a20432-9dd2-7116-9aac-3445daaba359.jpg",
         *       "width": 1600,
         *       "height": 1000,
         *       "format": "jpeg",
         *       "bytes": 893007,
         *       "sha256": "57f32cc83b3218ae674a670336e9c2ef73eb91bff775334fac2112a5ead422b8",
         *       "alt_text": "A red fox in fresh snow",
         *       "parent_id": null,
         *       "generation": null,
         *       "instagram": {
         *         "valid": true,
         *         "publishable_as_is": true,
         *         "warnings": []
         *       },
         *       "used_in": 0,
         *       "created_at": "2026-11-22T16:59:15.849649Z",
         *       "deleted_at": null,
         *       "purge_after": null,
         *       "not_taken": [
         *         "alt_text"
         *       ]
         *     }
         */
        Uploaded: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Business Id */
            business_id: number;
            source: components["schemas"]["ImageSource"];
            /** Filename */
            filename: string;
            /** Url */
            url: string;
            /** Thumbnail Url */
            thumbnail_url: string;
            /** Width */
            width: number;
            /** Height */
            height: number;
            /**
             * Format
             * @enum {string}
             */
            format: "jpeg" | "png" | "webp";
            /** Bytes */
            bytes: number;
            /** Sha256 */
            sha256: string;
            /**
             * Alt Text
             * @description What it shows. Empty: decorative, there is nothing to describe. Null: nobody wrote one
             */
            alt_text: string | null;
            /**
             * Parent Id
             * @description The picture this one was derived from
             */
            parent_id: string | null;
            /** @description Null where no job painted it, or the job is kept no longer */
            generation: components["schemas"]["Generation"] | null;
            instagram: components["schemas"]["InstagramVerdict"];
            /**
             * Used In
             * @description How many posts it is attached to; while there is one it is not destroyed
             */
            used_in: number;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Deleted At */
            deleted_at: string | null;
            /**
             * Purge After
             * @description When the bytes of a deleted picture are destroyed; null while it is attached to a post
             */
            purge_after: string | null;
            /**
             * Not Taken
             * @description Only where these bytes were there already: what was sent and differs from what the picture has. It keeps its own; PATCH changes it
             */
            not_taken?: ("filename" | "alt_text")[] | null;
        };
        /**
         * Usage
         * @description The bill of a month, as far as it is known.
         * @example {
         *       "business_id": 1,
         *       "month": "2026-11",
         *       "items": [
         *         {
         *           "day": "2026-11-22",
         *           "model": "gpt-image-2.5-flare",
         *           "quality": "standard",
         *           "images": 3,
         *           "cost_usd": "0.158205",
         *           "unknown": 1
         *         }
         *       ],
         *       "images": 3,
         *       "cost_usd": "0.158205",
         *       "unknown": 1,
         *       "unknown_usd": "0.0527",
         *       "reserved_usd": "0.1054",
         *       "currency": "USD",
         *       "budget": {
         *         "limit_usd": "20.00",
         *         "spent_usd": "0.158205",
         *         "reserved_usd": "0.1054",
         *         "unknown_usd": "0.0527",
         *         "left_usd": "19.683695",
         *         "resets_at": "2026-12-01T00:00:00Z"
         *       }
         *     }
         */
        Usage: {
            /** Business Id */
            business_id: number;
            /** Month */
            month: string;
            /** Items */
            items: components["schemas"]["Spend"][];
            /** Images */
            images: number;
            /**
             * Cost Usd
             * @description What they cost; where the vendor did not count, what they were estimated at
             */
            cost_usd: string;
            /**
             * Unknown
             * @description Calls that may have been charged; compare with the vendor's invoice
             */
            unknown: number;
            /**
             * Unknown Usd
             * @description What those calls were estimated at; in no other sum
             */
            unknown_usd: string;
            /**
             * Reserved Usd
             * @description Estimates of the open jobs that have no picture yet; 0 in every other month
             */
            reserved_usd: string;
            /**
             * Currency
             * @default USD
             * @enum {string}
             */
            currency?: "USD";
            /** @description Null where nothing is limited */
            budget?: components["schemas"]["Budget"] | null;
        };
        /**
         * Verdict
         * @description What the platform would say.
         * @example {
         *       "platform": "instagram",
         *       "valid": false,
         *       "publishable_as_is": false,
         *       "checks": [
         *         {
         *           "code": "ratio",
         *           "ok": false,
         *           "severity": "error",
         *           "actual": "0.111:1",
         *           "limit": "4:5 to 1.91:1",
         *           "message": "Its shape is outside 4:5 to 1.91:1: Instagram may refuse it.",
         *           "fix": "Crop or pad it to 4:5."
         *         }
         *       ],
         *       "warnings": [
         *         "Its shape is outside 4:5 to 1.91:1: Instagram may refuse it."
         *       ],
         *       "fix": {
         *         "crop": {
         *           "width": 320,
         *           "height": 400,
         *           "ratio": "4:5",
         *           "url": null
         *         },
         *         "pad": {
         *           "width": 720,
         *           "height": 900,
         *           "ratio": "4:5",
         *           "url": null
         *         }
         *       }
         *     }
         */
        Verdict: {
            platform: components["schemas"]["Platform"];
            /**
             * Valid
             * @description Inside its limits of size and shape
             */
            valid: boolean;
            /**
             * Publishable As Is
             * @description Its API takes these very bytes
             */
            publishable_as_is: boolean;
            /** Checks */
            checks: components["schemas"]["Check"][];
            /** Warnings */
            warnings: string[];
            /** @description Null where nothing needs to be fixed */
            fix: components["schemas"]["Fix"] | null;
        };
        /**
         * Verdicts
         * @description One verdict for each platform asked for.
         * @example {
         *       "verdicts": [
         *         {
         *           "platform": "instagram",
         *           "valid": false,
         *           "publishable_as_is": false,
         *           "checks": [
         *             {
         *               "code": "ratio",
         *               "ok": false,
         *               "severity": "error",
         *               "actual": "0.111:1",
         *               "limit": "4:5 to 1.91:1",
         *               "message": "Its shape is outside 4:5 to 1.91:1: Instagram may refuse it.",
         *               "fix": "Crop or pad it to 4:5."
         *             }
         *           ],
         *           "warnings": [
         *             "Its shape is outside 4:5 to 1.91:1: Instagram may refuse it."
         *           ],
         *           "fix": {
         *             "crop": {
         *               "width": 320,
         *               "height": 400,
         *               "ratio": "4:5",
         *               "url": null
         *             },
         *             "pad": {
         *               "width": 720,
         *               "height": 900,
         *               "ratio": "4:5",
         *               "url": null
         *             }
         *           }
         *         }
         *       ]
         *     }
         */
        Verdicts: {
            /** Verdicts */
            verdicts: components["schemas"]["Verdict"][];
        };
        /**
         * Wish
         * @description Which copy to keep.
         * @example {
         *       "preset": "instagram_4x5",
         *       "mode": "crop"
         *     }
         */
        Wish: {
            /**
             * Preset
             * @enum {string}
             */
            preset: "instagram_4x5" | "instagram_1x1" | "instagram_191x100";
            /**
             * Mode
             * @description crop cuts what sticks out; pad keeps everything and adds blurred bars
             * @default crop
             * @enum {string}
             */
            mode?: "crop" | "pad";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
