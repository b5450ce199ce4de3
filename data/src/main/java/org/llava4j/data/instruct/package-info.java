/** Instructions that a text-only teacher writes about pictures it is told of (section 3). */
package org.llava4j.data.instruct;
