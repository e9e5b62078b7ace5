/** The texts of the page around the components. */
export const words = {
  name: "Darkroom",
  views: { generate: "Generate", upload: "Upload", library: "Library" },
  titles: {
    generate: { title: "Generate a picture", help: "Describe it and see the price before you order it." },
    upload: { title: "Upload pictures", help: "Add your own. Location and camera data are taken out." },
    library: { title: "Library", help: "Everything you uploaded or generated." },
  },
  pick: "Choose an image",
  post: "New post",
  theme: { auto: "Colours: as your system", light: "Colours: light", dark: "Colours: dark" },
  business: "Business",
  connection: "Connection",
  connectionHelp: "Which business you look at, and the key for it. The key is forgotten when this tab is closed.",
  businessLabel: "Business number",
  keyLabel: "API key",
  keyHelp: "Not needed on your own machine.",
  connect: "Connect",
  locked: "This Darkroom asks for a key",
  lockedHelp: "Enter the API key of your business to see its pictures.",
  enterKey: "Enter a key",
  received: "What your app receives",
  receivedHelp: {
    post: "The studio is connected to no network. In your app, onPublish gets this. The images are attached to the post already: they cannot be destroyed, and deleting one asks first.",
    image: "In your app, onSelectImage gets this:",
  },
};
