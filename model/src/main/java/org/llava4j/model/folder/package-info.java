/**
 * Model folders as a whole: written from a trained graph ({@link org.llava4j.model.folder.CheckpointWriter}), from
 * another folder in another layout ({@link org.llava4j.model.folder.Export}), from parts
 * ({@link org.llava4j.model.folder.Assembly}) or from a base and a difference ({@link org.llava4j.model.folder.Delta});
 * and what such a folder says of itself ({@link org.llava4j.model.folder.ModelManifest}).
 *
 * <p>What goes from folder to folder builds no graph: one tensor at a time is in memory.
 */
package org.llava4j.model.folder;
