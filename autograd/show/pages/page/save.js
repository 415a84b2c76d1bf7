// The picture as a file: the whole drawing as it looks now, as SVG, or as PNG.

const LOOKS = [
  "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order", "opacity",
  "visibility", "font-family", "font-size", "font-weight", "text-anchor", "shape-rendering",
];
const PIXELS = 2;  // for each unit of the drawing, in a PNG

// A copy of the drawing that looks the same without the page's style sheet.
function picture() {
  const { x, y, width, height } = drawing(), source = $("graph"), copy = source.cloneNode(true);
  const originals = [...source.querySelectorAll("*")], copies = [...copy.querySelectorAll("*")];
  copies.forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    for (const key of LOOKS) node.setAttribute(key, style.getPropertyValue(key));
    for (const key of ["class", "tabindex", "role", "data-key", "aria-pressed", "aria-expanded", "style"]) node.removeAttribute(key);
  });
  for (const key of ["id", "class", "role", "aria-label"]) copy.removeAttribute(key);
  for (const [key, value] of Object.entries({ xmlns: SVG, viewBox: `${x} ${y} ${width} ${height}`, width, height })) copy.setAttribute(key, value);
  copy.prepend(svg("rect", { x, y, width, height, fill: getComputedStyle($("canvas")).backgroundColor }));
  return { width, height, text: new XMLSerializer().serializeToString(copy) };
}

function save(blob, suffix) {
  const link = element("a", { href: URL.createObjectURL(blob), download: `${document.title.replace(/[^\p{L}\p{N}._-]+/gu, "_") || "graph"}${suffix}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const asSvg = (text) => new Blob([text], { type: "image/svg+xml" });

function saveSvg() {
  save(asSvg(picture().text), ".svg");
}

async function savePng() {
  const { width, height, text } = picture(), image = new Image();
  const scale = Math.min(PIXELS, 16000 / Math.max(width, height));  // the largest canvas that browsers have
  image.src = URL.createObjectURL(asSvg(text));
  await image.decode();
  const canvas = element("canvas", { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  canvas.toBlob((blob) => save(blob, ".png"), "image/png");
}
