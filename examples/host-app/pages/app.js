// The pages of Cupboard. What is about Waxseal is in `share` and `grant`; the rest is any application.

const main = document.querySelector("main");
const status = document.querySelector("#status");
const id = location.pathname.match(/^\/secrets\/([\w-]+)$/)?.[1];
const answer = await fetch(id ? `/api/secrets/${id}` : "/api/secrets");
if (answer.ok) {
  const shown = await answer.json();
  document.querySelector(`button[value=${shown.user}]`).ariaCurrent = "true";
  if (id) showSecret(shown);
  else showList(shown);
} else if (answer.status === 401) main.append(template("nobody"));
else status.textContent = await answer.text();

/** Shows the dialog for a secret; its content goes to Waxseal's frame alone, and is sealed there. */
async function share(secret) {
  const waxseal = document.querySelector("meta[name=waxseal]").content;
  try {
    // Only now: Cupboard starts without Waxseal, and works without it.
    const { openShareDialog } = await import(`${waxseal}/embed.js`);
    const shared = await openShareDialog({
      title: secret.title,
      fields: secret.fields,
      files: secret.files.map(({ name, text }) => new File([text], name)),
      grant: () => grant(secret.id),
    });
    if (!shared) return;
    const until = new Date(shared.expiresAt).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    status.textContent = `Shared until ${until}${shared.oneTime ? ", for one view" : ""}.`;
  } catch (error) {
    status.textContent = `Sharing does not work now. Reload this page to try again. (${error.message})`;
  }
}

/** Asked for by the dialog when somebody presses “Get link”, so that it need not live long. */
async function grant(secret) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch("/grants", { method: "POST", headers, body: JSON.stringify({ secret }) });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).grant;
}

function showList({ secrets }) {
  const list = template("list");
  for (const { id, title, role } of secrets) {
    const row = template("row");
    row.querySelector("a").href = `/secrets/${id}`;
    row.querySelector(".title").textContent = title;
    row.querySelector(".role").textContent = role === "owner" ? "Yours" : "To read";
    list.querySelector("ul").append(row);
  }
  main.append(list);
}

function showSecret({ role, secret }) {
  const page = template("secret");
  document.title = `${secret.title} · Cupboard`;
  page.querySelector("h1").textContent = secret.title;
  const files = secret.files.map(({ name }) => ({ label: "File", value: name }));
  for (const { label, value } of [...secret.fields, ...files]) {
    const field = template("field");
    field.querySelector("dt").textContent = label;
    field.querySelector("dd").textContent = value;
    page.querySelector("dl").append(field);
  }
  // Whoever shows it to themselves gets no grant.
  page.querySelector("#share").hidden = role !== "owner";
  page.querySelector("#public-link").addEventListener("click", () => share(secret));
  page.querySelector("#colleagues").addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    status.textContent = "Copied. Only colleagues who may see this secret can open the address.";
  });
  arrows(page.querySelector("[role=menu]"));
  main.append(page);
}

/** What a popover needs to be a menu: https://www.w3.org/WAI/ARIA/apg/patterns/menu-button/ */
function arrows(menu) {
  menu.addEventListener("click", () => menu.hidePopover());
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Tab") menu.hidePopover();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...menu.children];
    items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
  });
}

function template(name) {
  return document.querySelector(`#${name}`).content.cloneNode(true);
}
