// The one file that knows Apache ECharts. As it is published, scripts/bundle-charts.js has put into it what it uses of ECharts, so that
// users install nothing for it; compiled by tsc alone it finds that in node_modules.
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([LineChart, BarChart, GridComponent, MarkLineComponent, SVGRenderer]);

/**
 * Draws a chart as SVG, as ECharts writes it.
 *
 * @param option as ECharts' `setOption` takes it
 */
export function drawChart(option: object, width: number, height: number): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, ...option });
    return chart.renderToSVGString({ useViewBox: true });
  } finally {
    chart.dispose();
  }
}
