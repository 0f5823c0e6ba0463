// All repositories, with search. An empty registry shows how to begin.

import { element, failure, foreign, line, link } from "./elements.js";
import { growingList, searchField } from "./list.js";
import { host, repositories } from "./registry.js";
import { number } from "./words.js";

export async function showRepositories(main, signal) {
  const names = [];
  let wanted = "";
  const count = element("p", { id: "count", role: "status" }, "Reading the repositories …");
  const list = growingList("repositories", (name) => element("li", {}, link(`#/${name}`, foreign(name))));
  const matching = () => (wanted ? names.filter((name) => name.includes(wanted)) : names);
  const search = searchField("Search repositories", (text) => {
    wanted = text;
    list.show(matching());
    report();
  });
  let isWhole = false;
  function report() {
    const all = number(names.length, "repository", "repositories");
    const of = wanted ? `${matching().length.toLocaleString("en")} of ${all}` : all;
    count.textContent = isWhole ? of : `${of} so far …`;
  }
  main.replaceChildren(element("h1", {}, "Repositories"), search, count, list.element);
  try {
    for await (const page of repositories(signal)) {
      names.push(...page);
      list.extend(matching());
      report();
    }
  } catch (error) {
    if (signal.aborted) return;
    main.append(failure(error));
    return;
  }
  isWhole = true;
  report();
  if (names.length === 0) main.replaceChildren(...firstSteps());
}

function firstSteps() {
  return [
    element("h1", {}, "This registry is empty"),
    element("p", {}, "Push a first image from a machine with Docker:"),
    line("log in", `docker login ${host}`),
    line("get an image", "docker pull hello-world"),
    line("name it", `docker tag hello-world ${host}/hello:1`),
    line("push it", `docker push ${host}/hello:1`),
    element("p", {}, "Then load this page again."),
  ];
}
