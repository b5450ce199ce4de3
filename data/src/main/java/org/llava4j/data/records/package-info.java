/**
 * DataVec record readers over LLaVA's and ScienceQA's JSON files. A file is passed over once to note where its entries
 * lie; after that any entry is read by itself, so files of any size are shuffled as a whole in little memory.
 */
package org.llava4j.data.records;
