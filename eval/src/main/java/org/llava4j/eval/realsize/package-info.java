/** A model of the true size, made on the spot: that it is inspected, loaded and run within bounds is shown, not said. */
package org.llava4j.eval.realsize;
