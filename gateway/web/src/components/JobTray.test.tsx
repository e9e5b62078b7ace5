import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { failed, image, job, page } from "../../test/factory";
import { json, problem, Server, show } from "../../test/server";
import { JobTray } from "./JobTray";

const follow = (...ids: string[]): void => localStorage.setItem("darkroom:jobs:1", JSON.stringify(ids));

describe("JobTray", () => {
  it("names a failed job so that it can be quoted, and keeps the focus when one is dismissed", async () => {
    follow("job-1", "job-2");
    new Server()
      .on("GET /generate/status/job-1", () => json(failed("provider_unavailable", false)))
      .on("GET /generate/status/job-2", () => json(job({ job_id: "job-2" })));
    show(<JobTray businessId={1} placement="inline" />);
    expect(await screen.findByText("job-1")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Remove “a red fox” from this list" }));
    await waitFor(() => expect(screen.queryByText("job-1")).toBeNull());
    expect(screen.getByRole("button", { name: "Hide the list" })).toHaveFocus();
  });

  it("shows the picture of a failed job that was found later", async () => {
    follow("job-1");
    const picture = image();
    new Server().on("GET /generate/status/job-1", () => json({ ...failed("outcome_unknown", true), late_image: picture }));
    const opened: string[] = [];
    show(<JobTray businessId={1} placement="inline" onOpen={({ id }) => opened.push(id)} />);
    expect(await screen.findByText(/found later/)).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Show" }));
    expect(opened).toEqual([picture["id"]]);
  });

  it("says that the asking to stop did not arrive", async () => {
    new Server()
      .on("GET /generate/jobs", () => json(page([job()])))
      .on("GET /generate/status/*", () => json(job()))
      .on("POST /generate/*/cancel", () => problem(503, "unavailable"));
    show(<JobTray businessId={1} placement="inline" />);
    await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(await screen.findByText(/Darkroom is not ready/)).toBeInTheDocument();
  });
});
