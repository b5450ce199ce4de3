/**
 * A probe for the weakness that the paper's section on limitations admits: a model that sees its picture as a bag of
 * patches says that two things are there together when each is there apart.
 */
package org.llava4j.eval.probe;
