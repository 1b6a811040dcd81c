// Bundles a component of the docs: node build-recipe.mjs NODE_MODULES react|vue|svelte SOURCE OUT
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

const [modules, kind, source, out] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const load = async (name) => {
  const module = await import(pathToFileURL(require.resolve(name)));
  return module.default ?? module;
};
const text = await readFile(source, "utf-8");
const seen = "(event) => { event.preventDefault(); document.title = event.detail.notification.title; }";

const compilers = {
  react: async () => [text, "jsx"],
  vue: async () => {
    const { parse, compileScript } = await load("@vue/compiler-sfc");
    const compilerOptions = { isCustomElement: (tag) => tag.startsWith("notify-") };
    const options = { id: "bell", inlineTemplate: true, templateOptions: { compilerOptions } };
    return [compileScript(parse(text).descriptor, options).content, "js"];
  },
  svelte: async () => {
    const { compile } = await load("svelte/compiler");
    const { js, warnings } = compile(text, { generate: "client", runes: true });
    if (warnings.length) throw new Error(warnings.map(({ message }) => message).join("\n"));
    return [js.code, "js"];
  },
};
const entries = {
  react: `import { createElement } from "react"; import { createRoot } from "react-dom/client"; import { Bell } from "bell";
    createRoot(document.querySelector("#app")).render(createElement(Bell, { onFollow: ${seen} }));`,
  vue: `import { createApp } from "vue"; import Bell from "bell";
    createApp(Bell, { onFollow: ${seen} }).mount("#app");`,
  svelte: `import { mount } from "svelte"; import Bell from "bell";
    mount(Bell, { target: document.querySelector("#app"), props: { onfollow: ${seen} } });`,
};

const [contents, loader] = await compilers[kind]();
const component = {
  name: "component",
  setup(build) {
    build.onResolve({ filter: /^bell$/ }, () => ({ path: "bell", namespace: "component" }));
    build.onLoad({ filter: /.*/, namespace: "component" }, () => ({ contents, loader, resolveDir: modules }));
  },
};
const { build } = await load("esbuild");
await build({
  ...{ bundle: true, format: "esm", outfile: out, nodePaths: [modules], plugins: [component], jsx: "automatic" },
  ...{ stdin: { contents: entries[kind], resolveDir: modules }, logLevel: "error" },
  ...{ conditions: ["browser"], define: { "process.env.NODE_ENV": '"production"', __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" } },
});
