/** JSON config files checked key by key: each key is read, has no effect, or is refused; unknown keys are reported. */
package org.llava4j.data.config;
