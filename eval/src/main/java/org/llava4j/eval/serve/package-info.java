/** Command that serves a model. */
package org.llava4j.eval.serve;
