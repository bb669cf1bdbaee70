// Filters the claims of the ledger by words, verdict, topic and source. The page is whole without it.
document.addEventListener("DOMContentLoaded", () => {
  const claims = [...document.querySelectorAll(".claim")];
  const part = (claim, name) => claim.querySelector(`.claim-${name}`).textContent.trim();
  const controls = document.createElement("form");
  controls.className = "claims-controls";
  controls.setAttribute("role", "search");
  controls.addEventListener("submit", (event) => event.preventDefault());

  const add = (words, field) => {
    const label = document.createElement("label");
    label.append(words, field);
    controls.append(label);
    field.addEventListener("input", show);
    return field;
  };
  const choice = (name) => {
    const select = document.createElement("select");
    select.name = name;
    const values = [...new Set(claims.map((claim) => part(claim, name)))];
    for (const value of ["", ...values]) select.add(new Option(value || "all", value));
    return select;
  };
  const words = document.createElement("input");
  words.type = "search";
  words.name = "words";
  const count = document.createElement("output");
  count.setAttribute("aria-live", "polite");

  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const claim of claims) {
      const text = claim.textContent.toLowerCase();
      const fits = wanted.every((word) => text.includes(word))
        && choices.every((select) => !select.value || part(claim, select.name) === select.value);
      claim.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${claims.length} claims`;
  };
  add("Words", words);
  const choices = [["Verdict", "verdict"], ["Topic", "topic"], ["Asked by", "source"]].map(([title, name]) => add(title, choice(name)));
  controls.append(count);
  claims[0].before(controls);
  show();
});
