/* SPDX-License-Identifier: MIT */
/* A map of areas: a small whole number for each pixel, which says what is painted there. It is drawn
 * with hard edges, so that a PNG of it has these colours and no other. */

/* Of what stays as it is, and of each painting. They are corners of the colour cube, so none looks
 * like the edge between two others. */
export const COLOURS = ["000000", "0000ff", "ff0000", "00ff00", "ffff00", "ff00ff", "00ffff"];
export const KEEP = 0;
export const FIRST = 1; /* the painting that has what nobody has painted */
export const PAINTINGS_MOST = COLOURS.length - 1;
const channelsOf = text => [0, 2, 4].map(at => parseInt(text.slice(at, at + 2), 16));
const CHANNELS = COLOURS.map(channelsOf);

const join = (a, b) => !a ? b : {left: Math.min(a.left, b.left), top: Math.min(a.top, b.top),
                                 right: Math.max(a.right, b.right), bottom: Math.max(a.bottom, b.bottom)};

export class AreaMap {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.cells = new Uint8Array(width * height).fill(FIRST);
    this.done = [];     /* what the steps so far have painted over */
    this.undone = [];
    this.before = null; /* all cells before the step at hand */
  }

  get whole() {
    return {left: 0, top: 0, right: this.width, bottom: this.height};
  }

  /* ---- Steps --------------------------------------------------------------------------------- */

  begin() {
    this.before = this.cells.slice();
    this.box = null;
  }

  /* As it was at the step's beginning. */
  restore() {
    this.cells.set(this.before);
  }

  end() {
    if (this.box && this.before.some((value, at) => value !== this.cells[at])) {
      this.done.push(this.cut(this.before, this.box));
      this.undone = [];
    }
    this.before = null;
  }

  cut(cells, box) {
    const width = box.right - box.left, rows = new Uint8Array(width * (box.bottom - box.top));
    for (let y = box.top; y < box.bottom; y++)
      rows.set(cells.subarray(y * this.width + box.left, y * this.width + box.right), (y - box.top) * width);
    return {box, rows};
  }

  /* Back, or forth again; false: there is no such step. */
  undo(from = this.done, to = this.undone) {
    const patch = from.pop();
    if (!patch)
      return false;
    const {box, rows} = patch, width = box.right - box.left;
    to.push(this.cut(this.cells, box));
    for (let y = box.top; y < box.bottom; y++)
      this.cells.set(rows.subarray((y - box.top) * width, (y - box.top + 1) * width), y * this.width + box.left);
    return true;
  }

  redo() {
    return this.undo(this.undone, this.done);
  }

  /* ---- Painting ------------------------------------------------------------------------------ */

  /* A line with round ends. Returns the box in which it lies. */
  line(from, to, radius, value) {
    const at = (low, high, most) => [Math.max(0, Math.floor(low - radius)), Math.min(most, Math.ceil(high + radius))];
    const [left, right] = at(Math.min(from.x, to.x), Math.max(from.x, to.x), this.width);
    const [top, bottom] = at(Math.min(from.y, to.y), Math.max(from.y, to.y), this.height);
    const dx = to.x - from.x, dy = to.y - from.y, length = dx * dx + dy * dy;
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        const px = x + .5 - from.x, py = y + .5 - from.y;
        const share = length > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / length)) : 0;
        if ((px - share * dx) ** 2 + (py - share * dy) ** 2 <= radius * radius)
          this.cells[y * this.width + x] = value;
      }
    const box = {left, top, right: Math.max(left, right), bottom: Math.max(top, bottom)};
    this.box = join(this.box, box);
    return box;
  }

  /* All that hangs together with a point and has its value. */
  fill(point, value) {
    const {width, height, cells} = this;
    const x = Math.floor(point.x), y = Math.floor(point.y);
    const old = x >= 0 && x < width && y >= 0 && y < height ? cells[y * width + x] : value;
    const open = old === value ? [] : [y * width + x];
    while (open.length > 0) {
      const at = open.pop(), start = at - at % width, end = start + width;
      let from = at, to = at;
      if (cells[at] !== old)
        continue;
      while (from > start && cells[from - 1] === old)
        from--;
      while (to < end && cells[to] === old)
        cells[to++] = value;
      cells.fill(value, from, at);
      for (const row of [-width, width])
        for (let i = from; i < to; i++)
          if (cells[i + row] === old && (i === from || cells[i + row - 1] !== old))
            open.push(i + row);
    }
    this.box = this.whole;
    return this.box;
  }

  /* A painting has gone: its areas are the first one's, and those behind it move up. */
  remove(value) {
    this.cells.forEach((now, at) => {
      if (now === value)
        this.cells[at] = FIRST;
      else if (now > value)
        this.cells[at] = now - 1;
    });
    this.done = [];
    this.undone = [];
  }

  /* ---- What it is ---------------------------------------------------------------------------- */

  isPainted() {
    return this.cells.some(value => value !== FIRST);
  }

  /* For each value, the share of all cells. */
  shares() {
    const counts = new Array(COLOURS.length).fill(0);
    for (const value of this.cells)
      counts[value]++;
    return counts.map(count => count / this.cells.length);
  }

  /* ---- As a picture -------------------------------------------------------------------------- */

  draw(canvas, box = this.whole) {
    const width = box.right - box.left, height = box.bottom - box.top;
    if (width <= 0 || height <= 0)
      return;
    const data = new ImageData(width, height);
    for (let y = 0, to = 0; y < height; y++)
      for (let x = 0; x < width; x++, to += 4) {
        data.data.set(CHANNELS[this.cells[(y + box.top) * this.width + x + box.left]], to);
        data.data[to + 3] = 255;
      }
    canvas.getContext("2d").putImageData(data, box.left, box.top);
  }

  canvas() {
    const canvas = document.createElement("canvas");
    canvas.width = this.width;
    canvas.height = this.height;
    return canvas;
  }

  png() {
    const canvas = this.canvas();
    this.draw(canvas);
    return new Promise(made => canvas.toBlob(made, "image/png"));
  }

  /* Takes a picture for a map: each pixel is the nearest of the first values. colours: of each. */
  async read(blob, colours) {
    const channels = colours.map(channelsOf);
    const picture = await createImageBitmap(blob), canvas = this.canvas(), context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, 0, 0, this.width, this.height);
    picture.close();
    const {data} = context.getImageData(0, 0, this.width, this.height);
    this.begin();
    for (let at = 0; at < this.cells.length; at++) {
      const far = channels.map(colour =>
        colour.reduce((sum, value, c) => sum + (value - data[4 * at + c]) ** 2, 0));
      this.cells[at] = far.indexOf(Math.min(...far));
    }
    this.box = this.whole;
    this.end();
  }
}
