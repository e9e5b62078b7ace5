/** What the test says in the address. */
const query = new URLSearchParams(location.search);

export const asked = {
  gateway: query.get("gateway") ?? "",
  token: query.get("token") ?? "",
  businessId: Number(query.get("business_id")),
  /** Without the style sheet. */
  plain: query.has("plain"),
};
