/** Memory and speed check with a generated model of a published size. */
package org.llava4j.eval.realsize;
