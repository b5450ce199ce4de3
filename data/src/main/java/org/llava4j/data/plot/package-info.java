/** SVG plots of curves, for the HTML pages of runs and reports. */
package org.llava4j.data.plot;
