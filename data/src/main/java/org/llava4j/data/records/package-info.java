/**
 * DataVec record readers over the files of LLaVA, COCO, CC3M and ScienceQA, and writers of these formats. A file is
 * scanned once to index its entries; after that any entry is read on its own, so files of any size are shuffled as a
 * whole in little memory.
 */
package org.llava4j.data.records;
