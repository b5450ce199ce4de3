/** JSON config validation, key by key: each key is read, ignored or rejected; unknown keys are reported. */
package org.llava4j.data.config;
