/** Memory of the process: its limits ({@code ulimit -v}, JavaCPP's) and how much of it is resident. */
package org.llava4j.data.memory;
