// Links that leave the page. Airflow shows it in a frame whose sandbox lets nothing in it change the window around it,
// so such a link is followed in the name of the window itself, which is of the same origin.

export const toAirflow = (path) => new URL(`../${path}`, new URL(".", document.baseURI)).href;

export function startLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-leave]");
    if (!link || window.parent === window) return;
    event.preventDefault();
    const around = window.parent.document;
    const twin = around.createElement("a");
    twin.href = link.href;
    if (event.ctrlKey || event.metaKey) twin.target = "_blank";
    around.body.append(twin);
    twin.click();
    twin.remove();
  });
}
