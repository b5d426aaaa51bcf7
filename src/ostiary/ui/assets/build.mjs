// Builds everything the browser gets: one style sheet, one script, fonts, one icon sprite, manifest.json.
// Names carry a hash of the content, so that they may be cached for ever. Run by tools/build_assets.py.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "dist");
const budget = 40 * 1024; // style sheet, compressed: design.md 9

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const bundled = await build({
  absWorkingDir: here,
  entryPoints: [
    { in: "js/app.js", out: "app" },
    { in: "js/charts.js", out: "charts" },
    { in: "css/app.css", out: "app" },
  ],
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome123", "firefox125", "safari17.5"],
  loader: { ".woff2": "file" },
  assetNames: "[name].[hash]",
  entryNames: "[name].[hash]",
  outdir: out,
  metafile: true,
  legalComments: "none",
});

if (bundled.warnings.length) throw new Error("the bundler warns: nothing is shipped with warnings");

// a name that changes with the content
const hashed = (name, text) =>
  `${name}.${createHash("sha256").update(text).digest("hex").slice(0, 8).toUpperCase()}.svg`;

const files = {};
for (const [path, info] of Object.entries(bundled.metafile.outputs)) {
  const name = basename(path);
  if (info.entryPoint === "js/app.js") files["app.js"] = name;
  else if (info.entryPoint === "js/charts.js") files["charts.js"] = name;
  else if (info.entryPoint === "css/app.css") files["app.css"] = name;
  else files[name.replace(/\.[^.]+(\.\w+)$/, "$1")] = name;
}

const icons = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
const symbols = [];
for (const icon of [...new Set(Object.values(icons).flat())].sort()) {
  const svg = await readFile(join(here, "node_modules/@tabler/icons/icons/outline", `${icon}.svg`), "utf8");
  const shapes = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  symbols.push(`<symbol id="${icon}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "")}</symbol>`);
}
const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
files["icons.svg"] = hashed("icons", sprite);
await writeFile(join(out, files["icons.svg"]), sprite);

const favicon = await readFile(join(here, "favicon.svg"), "utf8");
files["favicon.svg"] = hashed("favicon", favicon);
await writeFile(join(out, files["favicon.svg"]), favicon);

for (const name of await readdir(out)) {
  if (extname(name) === ".woff2") continue; // is compressed already
  const content = await readFile(join(out, name));
  await writeFile(join(out, `${name}.gz`), gzipSync(content, { level: 9 }));
  const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  await writeFile(join(out, `${name}.br`), brotli);
}
const sheet = gzipSync(await readFile(join(out, files["app.css"])), { level: 9 }).length;
if (sheet > budget) throw new Error(`style sheet is ${sheet} bytes compressed, the budget is ${budget}`);

const manifest = { files, icons: [...new Set(Object.values(icons).flat())].sort() };
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));
console.log(`assets: ${Object.keys(files).length} files, style sheet ${(sheet / 1024).toFixed(1)} kB compressed`);
