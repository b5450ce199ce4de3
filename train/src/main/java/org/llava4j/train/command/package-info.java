/** Commands that plan and train stages, and the flags that they share with commands over training data. */
package org.llava4j.train.command;
