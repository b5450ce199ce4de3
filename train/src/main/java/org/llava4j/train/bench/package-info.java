/** How fast a whole step is, beside the bare matrix products that it cannot do without. */
package org.llava4j.train.bench;
