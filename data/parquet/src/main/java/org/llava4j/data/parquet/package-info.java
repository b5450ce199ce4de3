/**
 * Reader of Parquet datasets whose images are bytes in a column, as the Hugging Face hub serves them, and the command
 * that imports them. Files are untrusted: whatever their bytes, a reader takes bounded memory and time, and throws
 * {@link org.llava4j.data.BadInputException} only.
 */
package org.llava4j.data.parquet;
