package org.llava4j.data.parquet;

/**
 * Image of a row.
 *
 * @param name the name by which the sample refers to it, made of the split and the row number; never from the file
 * @param bytes the encoded image: PNG, JPEG, WebP, GIF, BMP or TIFF by its first bytes
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
public record ParquetImage(String name, byte[] bytes) {}
