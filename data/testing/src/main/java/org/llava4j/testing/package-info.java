/** What tests of several modules share. Depends on no module, so that every module's tests can use it. */
package org.llava4j.testing;
