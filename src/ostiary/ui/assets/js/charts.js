// Draws the charts of a dashboard. Loaded only where there is one; the table below each says the same.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const MOST_COLOURS = 6;

// a token as this theme has it: canvas knows no variables
const token = (name) => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

const looks = () => ({
  colours: Array.from({ length: MOST_COLOURS }, (_, n) => token(`--chart-${n + 1}`)),
  text: token("--text-2"),
  faint: token("--text-3"),
  grid: token("--chart-grid"),
  raised: token("--bg-raised"),
});

const short = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact", maximumFractionDigits: 1 });

const options = (data, look) => {
  const common = {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: look.colours,
    aria: { enabled: true },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: look.text },
    // drawn on the canvas: markup with styles is not allowed on these pages
    tooltip: {
      renderMode: "richText",
      backgroundColor: look.raised,
      textStyle: { color: look.text, fontSize: 12 },
      formatter: ({ seriesIndex, dataIndex, name, seriesName }) =>
        `${name}${data.series.length > 1 && data.shape !== "ring" ? `, ${seriesName}` : ""}: ` +
        data.series[data.shape === "ring" ? 0 : seriesIndex].texts[dataIndex],
    },
    legend: { show: data.series.length > 1 || data.shape === "ring", type: "scroll", bottom: 0, textStyle: { color: look.text } },
  };
  if (data.shape === "ring") {
    const [first] = data.series;
    return {
      ...common,
      series: [{
        type: "pie", radius: ["45%", "70%"], center: ["50%", "44%"], label: { show: false },
        data: data.labels.map((name, n) => ({ name, value: first.values[n] })),
      }],
    };
  }
  const names = { type: "category", data: data.labels, axisLabel: { color: look.text, hideOverlap: true }, axisLine: { lineStyle: { color: look.grid } }, axisTick: { show: false } };
  const values = { type: "value", axisLabel: { color: look.faint, formatter: (value) => short.format(value) }, splitLine: { lineStyle: { color: look.grid } } };
  const lying = data.shape === "bar";
  return {
    ...common,
    grid: { left: 8, right: 16, top: 12, bottom: data.series.length > 1 ? 32 : 8, containLabel: true },
    xAxis: lying ? values : names,
    yAxis: lying ? { ...names, inverse: true } : values,
    series: data.series.map(({ name, values: drawn }) => ({
      name, data: drawn, type: data.shape === "line" ? "line" : "bar",
      stack: data.series.length > 1 && data.shape !== "line" ? "all" : undefined,
      barMaxWidth: 32, showSymbol: drawn.length < 40,
    })),
  };
};

export const draw = (box) => {
  const data = JSON.parse(box.dataset.chart);
  if (!data.labels.length) return;
  box.dataset.drawn = "";
  const chart = init(box, null, { height: box.clientHeight || 256 });
  const paint = () => chart.setOption(options(data, looks()), true);
  paint();
  chart.on("click", ({ seriesIndex, dataIndex }) => {
    const url = data.series[data.shape === "ring" ? 0 : seriesIndex].urls[dataIndex];
    if (url) location.assign(url);
  });
  new ResizeObserver(() => chart.resize()).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
};
