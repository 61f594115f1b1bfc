// What the server put into the page with {{ value|json_script:"id" }}.
export function pageData(id = "page-data") {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no data named “${id}”.`);
  return JSON.parse(element.textContent);
}
