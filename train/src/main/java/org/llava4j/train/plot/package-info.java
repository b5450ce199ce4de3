/** SVG plots of curves by step, for {@code run.html} and the reports of evaluations. */
package org.llava4j.train.plot;
