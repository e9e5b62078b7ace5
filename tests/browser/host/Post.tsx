/** The snippet of docs/studio.md, and a library that stands in the page itself. */
import { useState } from "react";
import { DarkroomProvider, ImageLibrary, ImageSelector, type Image } from "@darkroom/studio";
import "@darkroom/studio/style.css";
import { asked } from "./asked";

const fetchToken = (): Promise<string> => Promise.resolve(asked.token);

export default function Post() {
  const [isOpen, setOpen] = useState(false);
  const [received, setReceived] = useState<{
    url: string;
    image: Image;
  } | null>(null);
  return (
    <section id="post">
      <button type="button" onClick={() => setOpen(true)}>
        Add a picture
      </button>
      <output>{received && JSON.stringify(received)}</output>
      <DarkroomProvider baseUrl={asked.gateway} token={() => fetchToken()}>
        <ImageSelector
          businessId={asked.businessId}
          isOpen={isOpen}
          onClose={() => setOpen(false)}
          onSelectImage={(url, image) => setReceived({ url, image })}
          requireImage
        />
        <div style={{ width: 800, clear: "both" }}>
          <ImageLibrary businessId={asked.businessId} />
        </div>
      </DarkroomProvider>
    </section>
  );
}
