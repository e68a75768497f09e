// What the types allow. After `@ts-expect-error` the compiler complains if there is no error.
import { configure, openShareDialog, type Shared, WaxsealShare } from "@waxseal/share";

configure({ server: "https://share.example.org" });
configure({ server: new URL("https://share.example.org") });

const shared: Shared | null = await openShareDialog({
  title: "Staging database",
  text: "a note",
  fields: [{ label: "Password", value: "correct horse", kind: "concealed" }, { value: "alone" }],
  files: [new File(["what is in it"], "notes.txt")],
  grant: async () => "a JWT",
  ownerToken: true,
  theme: { accent: "#0b5fff", radius: "8px", font: "Inter", scheme: "auto" },
  signal: AbortSignal.timeout(60_000),
  onshared: ({ link }) => link.length,
  server: "https://share.example.org",
});
const link: string | undefined = shared?.link;
const once: boolean = shared?.oneTime ?? false;
const owner: string | undefined = shared?.owner;

const element: WaxsealShare | null = document.querySelector("waxseal-share");
if (element) {
  element.secret = async () => ({ text: "a note" });
  element.grant = "a JWT";
  element.addEventListener("waxseal-shared", ({ detail }) => detail.link.length);
  element.addEventListener("waxseal-cancel", ({ detail }) => detail satisfies null);
  await element.open();
}

export { link, once, owner };

// @ts-expect-error The person may have cancelled.
shared.link;
// @ts-expect-error A kind is one of five.
await openShareDialog({ fields: [{ value: "x", kind: "password" }] });
// @ts-expect-error A field has a value.
await openShareDialog({ fields: [{ label: "Password" }] });
// @ts-expect-error A value is text.
await openShareDialog({ fields: [{ value: 42 }] });
// @ts-expect-error A file is a File, not what is in one.
await openShareDialog({ files: ["notes.txt"] });
// @ts-expect-error There is no such option.
await openShareDialog({ titel: "misspelt" });
// @ts-expect-error A server is named.
configure({});
