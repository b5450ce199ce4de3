/** Model inspection from the config and the tensor names and shapes in the weight files, without reading weights. */
package org.llava4j.eval.inspect;
