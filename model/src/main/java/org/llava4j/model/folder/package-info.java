/**
 * Model folders: writing a trained graph ({@link org.llava4j.model.folder.CheckpointWriter}), exporting to another
 * layout ({@link org.llava4j.model.folder.Export}), assembling from parts ({@link org.llava4j.model.folder.Assembly}),
 * making and applying deltas ({@link org.llava4j.model.folder.Delta}), merging LoRA adapters
 * ({@link org.llava4j.model.folder.LoraMerge}), and the manifest ({@link org.llava4j.model.folder.ModelManifest}).
 *
 * <p>Conversions between folders build no graph and hold one tensor at a time in memory.
 */
package org.llava4j.model.folder;
