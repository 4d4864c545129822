// Runs the cases and prints their values as one JSON object. Under Node and under Ravelin.
const show = (key, value) => value === undefined ? "undefined" : typeof value === "function" ? `function ${value.name}` : value;
const results = {};
const list = ["classes", "iteration", "later"];
(async () => {
  for (const file of list) {
    for (const [name, run] of Object.entries(require(`./${file}.js`))) {
      let value;
      try { value = await run() } catch (e) { value = "threw " + e.name + ": " + e.message }
      results[`${file}: ${name}`] = JSON.parse(JSON.stringify([value], show));
    }
  }
  console.log(JSON.stringify(results));
})();
