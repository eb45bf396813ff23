// SPDX-License-Identifier: Apache-2.0

package pages

import (
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"github.com/prometheus/node_exporter/collector"
)

// quipuCollectors are collectors that read fixtures, and nothing of the machine.
var quipuCollectors = []string{
	"arp", "bcache", "bonding", "buddyinfo", "cgroups", "conntrack", "cpu", "cpufreq", "cpu_vulnerabilities",
	"diskstats", "dmi", "drbd", "edac", "entropy", "fibrechannel", "filefd", "hwmon", "infiniband", "interrupts",
	"ipvs", "ksmd", "lnstat", "loadavg", "mdadm", "meminfo", "meminfo_numa", "mountstats", "netstat", "nfs", "nfsd",
	"nvme", "os", "powersupplyclass", "pressure", "qdisc", "rapl", "schedstat", "slabinfo", "sockstat", "softirqs",
	"softnet", "stat", "sysctl", "textfile", "thermal_zone", "udp_queues", "vmstat", "wifi", "xfs", "zfs",
	"zoneinfo",
}

func TestQuipuPages(t *testing.T) {
	const fixtures = "collector/fixtures"
	flags := []string{
		"--path.rootfs=" + fixtures, "--path.procfs=" + fixtures + "/proc", "--path.sysfs=" + fixtures + "/sys",
		"--path.udev.data=" + fixtures + "/udev/data", "--no-collector.arp.netlink",
		"--collector.qdisc.fixtures=" + fixtures + "/qdisc/", "--collector.wifi.fixtures=" + fixtures + "/wifi",
		"--collector.stat.softirq", "--collector.bcache.priorityStats", "--collector.cpu.info",
		"--collector.sysctl.include=fs.file-nr:total,current,max",
		"--collector.textfile.directory=" + fixtures + "/textfile/two_metric_files/",
	}
	for _, name := range quipuCollectors {
		flags = append(flags, "--collector."+name)
	}
	if _, err := kingpin.CommandLine.Parse(flags); err != nil {
		t.Fatal(err)
	}
	collector.DisableDefaultCollectors()
	h := newHandler(true, 40, promslog.NewNopLogger())
	nc, err := collector.NewNodeCollector(promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	if len(nc.Collectors) != len(quipuCollectors) {
		t.Errorf("%d collectors are enabled, not %d", len(nc.Collectors), len(quipuCollectors))
	}
	quipuPages(t, h, h.exporterMetricsRegistry)
}
